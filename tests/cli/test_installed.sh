#!/bin/sh
# SPDX-License-Identifier: MIT
# An installed wrapper finds its own library: in the prefix that it was configured for, in one that was moved, below a
# DESTDIR, by links, and without /proc. What lies around there never misleads it.
# shellcheck disable=SC2016,SC2317 # the started shells expand, not this one; called through private

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

cd "$work" || exit 99

# finds TITLE LIBRARY COMMAND...
finds() {
	title=$1
	expected=$2
	shift 2
	run "$@" sh -c 'echo "$LD_PRELOAD"'
	same "$title" "$expected " "$out $err"
}

make_installed "$work/prefix" || exit 99
ours=$work/prefix/lib/replyfrom/libreplyfrom.so
finds 'as configured' "$ours" prefix/bin/replyfrom
run prefix/bin/replyfrom --scan --json
same 'and its parts' 0 "$status"

# Whatever a build tree has, in the prefix and wherever else it could look for one.
mkdir -p prefix/shim prefix/tools prefix/scripts
echo 'no library' >prefix/shim/libreplyfrom.so
for part in check probe scan status unit; do
	printf '#!/bin/sh\necho fooled\n' >"prefix/tools/replyfrom-$part"
	cp "prefix/tools/replyfrom-$part" prefix/bin/
	cp "prefix/tools/replyfrom-$part" prefix/scripts/
done
chmod +x prefix/*/replyfrom-*
cp "$abs_top_builddir/config.status" "$abs_top_builddir/Makefile" "$abs_top_srcdir/configure.ac" prefix/
cp prefix/shim/libreplyfrom.so prefix/config.status prefix/Makefile prefix/bin/
cp "$replyfrom" prefix/tools/
finds 'files of a build tree in the prefix' "$ours" prefix/bin/replyfrom
cd prefix || exit 99
finds 'files of a build tree in the current folder' "$ours" bin/replyfrom
cd bin || exit 99
finds 'files of a build tree beside it' "$ours" ./replyfrom
cd "$work" || exit 99
run prefix/bin/replyfrom --scan --json
like 'no part of a build tree is started' '0 {*' "$status $out"

ln -s prefix/bin linked
finds 'a link to bin' "$ours" linked/replyfrom
mkdir -p other/tools other/shim
ln -s ../../prefix/bin/replyfrom other/tools/replyfrom
cp prefix/shim/libreplyfrom.so other/shim/
finds 'a link in what looks like a build tree' "$ours" other/tools/replyfrom
ln prefix/bin/replyfrom other/tools/hard
finds 'another name of the file' "$ours" other/tools/hard
finds 'found in PATH' "$ours" env PATH="$work/prefix/bin:$PATH" replyfrom
loader=$(sed -n 's/^.*\(\/lib[^ ]*\/ld[^ ]*\).*$/\1/p' /proc/self/maps | head -n 1)
finds 'started by the dynamic loader' "$ours" "$loader" prefix/bin/replyfrom

# A prefix that was moved brings its own library, also while there is one where it was configured.
cp -r prefix moved
finds 'moved, and the old one is still there' "$work/moved/lib/replyfrom/libreplyfrom.so" moved/bin/replyfrom
mkdir -p "stage$work"
cp -r prefix "stage$work/"
finds 'below a DESTDIR' "$work/stage$work/prefix/lib/replyfrom/libreplyfrom.so" "stage$work/prefix/bin/replyfrom"
mkdir -p alone/bin
cp prefix/bin/replyfrom alone/bin/
finds 'copied alone: the configured one' "$ours" alone/bin/replyfrom
mv prefix gone
run alone/bin/replyfrom echo started
refused 'there is none' "*$work/prefix/lib/replyfrom/libreplyfrom.so is missing*"
finds 'moved, and the old one is gone' "$work/gone/lib/replyfrom/libreplyfrom.so" gone/bin/replyfrom
mv gone prefix

# A libdir that has nothing in common with bindir.
mkdir -p apart/bin
compile_wrapper /usr/bin "$work/prefix/lib" apart/bin/replyfrom
finds 'a libdir elsewhere' "$ours" apart/bin/replyfrom

# private COMMAND...: with nothing in /proc
private() {
	unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh "$@"
}
if [ "$(id -u)" = 0 ] && private true 2>/dev/null; then
	make_tree tree
	finds 'without /proc' "$ours" private prefix/bin/replyfrom
	finds 'without /proc, moved' "$work/moved/lib/replyfrom/libreplyfrom.so" private moved/bin/replyfrom
	finds 'without /proc, by a link' "$ours" private linked/replyfrom
	finds 'without /proc, in a build tree' "$work/tree/shim/libreplyfrom.so" private tree/tools/replyfrom
else
	unavailable 'without /proc' 'needs root and mount namespaces'
fi
finish
