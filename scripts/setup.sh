# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Shared by scripts/demo, scripts/image and scripts/test: installs missing packages, and builds outside the source tree.
# For sourcing: sets $top; `need...` collect in $missing; choose_build sets $build.

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# Debian keeps administrators' programs out of other users' PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
missing=

say() {
	printf '%s\n' "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# need PACKAGE COMMAND...: the Debian package is missing unless the command succeeds.
need() {
	package=$1
	shift
	"$@" >/dev/null 2>&1 || missing="$missing $package"
}

# need_program PACKAGE NAME
need_program() {
	need "$1" command -v "$2"
}

has_header() {
	printf '#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <setjmp.h>\n#include <%s>\n' "$1" |
		"${CC:-gcc}" -E -
}

# need_header PACKAGE NAME
need_header() {
	need "$1" has_header "$2"
}

# Needs the tools of a build.
need_build_tools() {
	need_program gcc "${CC:-gcc}"
	need_header libc6-dev stdio.h
	need_program make make
	need_program autoconf autoreconf
	need_program automake automake
}

# Needs the tools of the BPF engine (configure --with-bpf); without them the rest is built all the same.
need_bpf_tools() {
	need_program pkg-config pkg-config
	need_header libbpf-dev bpf/libbpf.h
	need_program clang clang
	need_program bpftool bpftool
}

# Needs the tools of the lab of network namespaces; python3-minimal is too little.
need_lab() {
	need_program iproute2 ip
	need python3 /usr/bin/python3 -c 'import asyncio, ctypes, socketserver'
}

# Installs the missing packages, or prints their names if it cannot.
install_missing() {
	[ -n "$missing" ] || return 0
	command -v apt-get >/dev/null ||
		die "there is no apt-get here; please install what Debian calls:$missing"
	if [ "$(id -u)" -eq 0 ]; then
		as_root=
	elif command -v sudo >/dev/null; then
		as_root=sudo
	else
		die "neither root nor sudo; please install as root:$missing"
	fi
	say "Installing with ${as_root:+$as_root }apt-get:$missing"
	$as_root apt-get update -qq || say 'apt-get update failed; the package lists on this machine are used'
	# shellcheck disable=SC2086 # words: the packages
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
		-o Dpkg::Use-Pty=0 $missing >/dev/null || die "apt-get could not install:$missing"
	missing=
}

# choose_build NAME: build in build/NAME, or in the tree where that is configured already (which rules out any other).
choose_build() {
	if [ -e "$top/config.status" ]; then
		build=$top
		say "Building in $build, as it is configured there ..."
	else
		build=$top/build/$1
		say "Building in $build ..."
	fi
}

# build [OPTION-OF-CONFIGURE...]
build() {
	[ -x "$top/configure" ] || (cd "$top" && autoreconf -i) || return
	mkdir -p "$build"
	[ -e "$build/config.status" ] || (cd "$build" && "$top/configure" "$@") || return
	make -C "$build" -j"$(nproc)" --no-print-directory
}
