#!/bin/sh
# SPDX-License-Identifier: MIT
# The RPM packages, built as README.md says: what is in them, that the parts find each other in lib64, what the removal
# prints, and that rpmlint has nothing to say. Debian has no RPM database with what the spec needs for the build, so
# rpmbuild does not look for it (--nodeps). The tests of %check are part of make check already.
# shellcheck disable=SC2016 # the dollar is for the dynamic loader

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

lack=
for program in rpmbuild rpmlint rpm2cpio cpio; do
	command -v "$program" >/dev/null || lack="$lack $program"
done
[ -x "$abs_top_builddir/bpf/replyfrom-bpf" ] || lack="$lack what replyfrom-bpf is built with"
if [ -n "$lack" ]; then
	unavailable 'the RPM packages' "not installed:$lack"
	finish
fi

cd "$work" || exit 99
HOME=$work # without the user's macros
export HOME
unset MAKEFLAGS MFLAGS MAKEOVERRIDES DESTDIR
version=$("$replyfrom" --version | sed 's/.* //')
"${MAKE:-make}" -s -C "$abs_top_builddir" distdir distdir="$work/replyfrom-$version" >log 2>&1 &&
	tar -czf "replyfrom-$version.tar.gz" "replyfrom-$version" || exit 99

# Macros of the distributions that have the packages: their folders, flags of their compilers that cost stack,
# and brp-compress by a shell that it runs with.
cat >macros <<END
%_topdir $work/top
%_tmppath $work
%_libdir %{_prefix}/lib64
%_unitdir %{_prefix}/lib/systemd/system
%optflags -O2 -g -flto=auto -ffat-lto-objects -fno-omit-frame-pointer
%_build_id_links none
%__brp_compress bash %{_rpmconfigdir}/brp-compress %{?_prefix}
END
run rpmbuild --quiet -tb --nodeps --nocheck --load="$work/macros" "replyfrom-$version.tar.gz"
same 'rpmbuild -tb' 0 "$status"
[ "$status" = 0 ] || remark "$(tail -n 20 err)"

# package NAME: sets $package, its path
package() {
	package=$(find top/RPMS -name "$1-$version-*.rpm")
}

# holds NAME FILE...: the files and folders of a package
holds() {
	name=$1
	shift
	package "$name"
	same "$name: its files" "$(printf '%s\n' "$@" | sort)" "$(rpm -qpl "$package" | sort)"
	same "$name: all belong to root, and only root can write them" '' \
		"$(rpm -qplv "$package" | grep -v '^[d-]rw[x-]r-[x-]r-[x-] .* root  *root ')"
}

docs=$(make_prints 'dist_doc_DATA) $(nobase_dist_doc_DATA' | sed 's|^|/usr/share/doc/replyfrom/|')
like 'the documents are found' '*/docs/recipes.md*' "$docs"
# shellcheck disable=SC2086 # words
holds replyfrom /usr/bin/replyfrom $docs /usr/share/doc/replyfrom /usr/share/doc/replyfrom/docs \
	/usr/share/man/man1/replyfrom.1.gz /usr/share/man/man7/libreplyfrom.7.gz \
	/usr/share/bash-completion/completions/replyfrom \
	"/usr/share/licenses/replyfrom-$version" "/usr/share/licenses/replyfrom-$version/LICENSE"
parts=/usr/lib64/replyfrom
holds libreplyfrom $parts $parts/libreplyfrom.so $parts/replyfrom-check $parts/replyfrom-probe $parts/replyfrom-scan \
	$parts/replyfrom-status $parts/replyfrom-unit \
	"/usr/share/licenses/libreplyfrom-$version" "/usr/share/licenses/libreplyfrom-$version/LICENSE"
holds replyfrom-bpf $parts/replyfrom-bpf /usr/share/man/man8/replyfrom-bpf.8.gz \
	/usr/lib/systemd/system/replyfrom-attach@.service \
	"/usr/share/licenses/replyfrom-bpf-$version" "/usr/share/licenses/replyfrom-bpf-$version/LICENSE"

package libreplyfrom
same 'no package gets the preloaded library as a dependency' '' "$(rpm -qp --provides "$package" | grep '\.so')"
# It runs as the last one of its architectures is removed ($1 is 0), and at upgrades.
rpm -qp --queryformat '%{PREUN}' "$package" | sed "s|/usr/lib64/|$work/root&|" >preun

mkdir root
for package in top/RPMS/*/*.rpm; do
	rpm2cpio "$package" | (cd root && cpio -idm --quiet)
done
run root/usr/bin/replyfrom sh -c 'echo "$LD_PRELOAD"'
same 'the wrapper finds the library in lib64' "0 $work/root$parts/libreplyfrom.so " "$status $out $err"
run root/usr/bin/replyfrom --scan --json
like 'and its parts' '0 {*' "$status $out"
run root/usr/bin/replyfrom --unit --list
same 'and the part of --unit' '0 ' "$status $err"
like 'and the engine: the unit' "*ExecStart=$parts/replyfrom-bpf attach *" \
	"$(cat root/usr/lib/systemd/system/replyfrom-attach@.service)"

mkdir -p tree/shim
cp "root$parts/libreplyfrom.so" tree/shim/
run env abs_top_builddir="$work/tree" "$abs_top_builddir/tests/transparency/faults/stack"
same 'with the flags of these distributions: the stack of each call' 0 "$status"
[ "$status" = 0 ] || remark "$out$err"

SYSTEMD_UNIT_PATH=$work/units
export SYSTEMD_UNIT_PATH
run sh preun 0
same 'no service has the library: the removal prints nothing' '0 ' "$status $out$err"
mkdir -p units/plain.service.d
printf '[Service]\nExecStart=/bin/sh\n' >units/plain.service
run root/usr/bin/replyfrom --unit --install plain.service
same 'a drop-in is installed' '0 ' "$status $err"
run sh preun 0
like 'the removal names the service, and how to undo' \
	"0 *plain.service  $work/units/plain.service.d/replyfrom.conf*rm \"$work/units/plain.service.d/replyfrom.conf\"*" \
	"$status $out$err"
run sh preun 1
same 'an upgrade prints nothing' '0 ' "$status $out$err"

packaging=$abs_top_srcdir/packaging
run rpmlint --strict --config "$packaging/rpmlint.toml" "$packaging/replyfrom.spec" top/RPMS
like 'rpmlint: no error, no warning' '0 *3 packages and 1 specfiles checked; 0 errors, 0 warnings*' "$status $out$err"
finish
