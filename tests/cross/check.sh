#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh FOLDER SOURCE ARCHITECTURE...: builds SOURCE (from `make distdir`) in FOLDER with Debian's cross compilers,
# warnings being errors. Runs its unit tests, its tests of schedules and preloaded servers by qemu-user. For root on
# Debian on x86-64: it installs the compilers. Prints TAP.
set -eu
# shellcheck source=scripts/setup.sh
. "$(dirname -- "$0")/../../scripts/setup.sh"
# The builds are no part of the make that runs this.
unset MAKEFLAGS MFLAGS
# An emulated table takes a second.
schedule_tables=50

# target ARCHITECTURE: sets $arch, $triplet, $own (its folder) and $emulator.
target() {
	arch=$1
	own=$folder/$1
	case $1 in
	arm64) triplet=aarch64-linux-gnu ;;
	armhf) triplet=arm-linux-gnueabihf ;;
	i386) triplet=i686-linux-gnu ;;
	ppc64el) triplet=powerpc64le-linux-gnu ;;
	riscv64 | s390x) triplet=$1-linux-gnu ;;
	*) die "ARCHES: '$1': allowed are arm64, armhf, i386, ppc64el, riscv64 and s390x" ;;
	esac
	case $1 in
	# The processor itself can run it; qemu-i386 takes minutes for cmpxchg8b.
	i386) emulator="/usr/$triplet/lib/ld-linux.so.2 --library-path /usr/$triplet/lib" ;;
	armhf) emulator="qemu-arm-static -L /usr/$triplet" ;;
	ppc64el) emulator="qemu-ppc64le-static -L /usr/$triplet" ;;
	*) emulator="qemu-${triplet%%-*}-static -L /usr/$triplet" ;;
	esac
}

install_compilers() {
	for each; do
		target "$each"
		need_program "gcc-$(printf %s "$triplet" | tr _ -)" "$triplet-gcc"
		need "libc6-dev-$arch-cross" test -e "/usr/$triplet/include/stdio.h"
	done
	need_program qemu-user-static qemu-s390x-static
	need_program dpkg-dev dpkg-source
	need_build_tools
	need_lab
	install_missing
}

# The sources of cmocka, into $folder/cmocka: Debian has no package of it for every architecture, nor one that can be
# installed beside the machine's own.
fetch_cmocka() {
	[ ! -e "$folder/cmocka" ] || return 0
	rm -rf "$folder/apt"
	mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
	# shellcheck disable=SC2016 # for apt-get
	apt-get indextargets --format '$(ORIGIN)|deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		sed -n 's/^Debian|//p' | sort -u >"$folder/apt/sources"
	set -- -qq -o "Dir::State::lists=$folder/apt/lists" -o "Dir::Cache=$folder/apt/cache" \
		-o "Dir::Etc::sourcelist=$folder/apt/sources" -o Dir::Etc::sourceparts=- -o APT::Sandbox::User=root
	apt-get "$@" update
	(cd "$folder/apt" && apt-get "$@" source --download-only cmocka)
	dpkg-source --no-check -x "$folder"/apt/cmocka_*.dsc "$folder/cmocka" >/dev/null
}

# A chain: the caller looks at the status, so set -e has no effect here.
build_cmocka() {
	mkdir -p "$own/include" && cp "$folder/cmocka/include/cmocka.h" "$own/include" &&
		"$triplet-gcc" -O2 -w -DHAVE_SIGNAL_H -DHAVE_STRINGS_H -DHAVE_UNISTD_H -DHAVE_INTTYPES_H -DHAVE_MALLOC_H \
			-I"$folder/cmocka/include" -c -o "$own/cmocka.o" "$folder/cmocka/src/cmocka.c" &&
		"$triplet-ar" rcs "$own/libcmocka.a" "$own/cmocka.o"
}

# The library, the tools and all programs of the tests.
build_tree() {
	cd "$own" &&
		"$source/configure" --quiet --host="$triplet" --enable-werror --with-bpf=no \
			CPPFLAGS="-I$own/include" LDFLAGS="-L$own" &&
		make --no-print-directory -j"$(nproc)" &&
		make --no-print-directory -j"$(nproc)" check TESTS=
}

# result STATUS TITLE LOG
result() {
	if [ "$1" -eq 0 ]; then
		say "ok - $2"
	else
		say "not ok - $2"
		tail -n 40 "$3" | sed 's/^/# /'
	fi
}

# report: the cases of the servers, a line for each other test, and what the failed ones printed.
report() {
	sed -nE "s/^((not )?ok) [0-9]+ - /\1 - $arch: /p; /^#/p" "$own/tests/cross/preloaded.log" || :
	for trs in "$own"/tests/stress/schedule/*.trs "$own"/tests/unit/*.trs; do
		name=${trs#"$own/"}
		failed=1
		! grep -qx ':test-result: PASS' "$trs" || failed=0
		result "$failed" "$arch: ${name%.trs}" "${trs%.trs}.log"
	done
}

check_target() {
	target "$1"
	rm -rf "$own"
	mkdir -p "$own"
	log=$own/check-cross.log
	status=0
	(build_cmocka && build_tree) >"$log" 2>&1 || status=$?
	result "$status" "$arch: builds without a warning" "$log"
	[ "$status" -eq 0 ] || return 0
	make --no-print-directory -C "$own" -j"$(nproc)" EMULATOR="$emulator" SCHEDULE_TABLES="$schedule_tables" \
		check-emulated >"$log" 2>&1 || status=$?
	report
	result "$status" "$arch: make check" "$log"
}

check_targets() {
	for each; do
		check_target "$each"
	done
	say 'end'
}

# number_results: writes the numbers and the plan; fails if a test failed, or if the last line is not `end`.
number_results() {
	awk '
		/^(not )?ok / { sub(/ok/, "ok " ++count); failed += /^not/ }
		/^end$/ { print "1.." count; ended = 1; next }
		{ print; fflush() }
		END { exit failed || !ended }'
}

[ $# -gt 2 ] || die "ARCHES is empty"
mkdir -p "$1"
folder=$(cd "$1" && pwd)
source=$(cd "$2" && pwd)
shift 2
install_compilers "$@"
fetch_cmocka
check_targets "$@" | number_results
