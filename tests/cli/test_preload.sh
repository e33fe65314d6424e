#!/bin/sh
# SPDX-License-Identifier: MIT
# The library: what becomes of LD_PRELOAD, and every way in which a library can be unfit.
# shellcheck disable=SC2016,SC2317 # the started shells expand, not this one; spoilt calls

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

real=$(realpath "$library")
run "$replyfrom" sh -c 'echo "$LD_PRELOAD"'
same 'the library of the build tree is preloaded' "$real" "$out"
run env LD_PRELOAD=libc.so.6:libdl.so.2 "$replyfrom" sh -c 'echo "$LD_PRELOAD"'
same 'what LD_PRELOAD has stays, ours comes first' "$real:libc.so.6:libdl.so.2" "$out"
run env LD_PRELOAD='libc.so.6 libdl.so.2' "$replyfrom" sh -c 'echo "$LD_PRELOAD"'
same 'separated by spaces as well' "$real:libc.so.6 libdl.so.2" "$out"
run env LD_PRELOAD= "$replyfrom" sh -c 'echo "$LD_PRELOAD"'
same 'an empty LD_PRELOAD gets no empty part' "$real" "$out"
run "$replyfrom" "$replyfrom" "$replyfrom" sh -c 'echo "$LD_PRELOAD"'
same 'replyfrom in replyfrom preloads once' "$real" "$out"
run env LD_PRELOAD="$real:libc.so.6" "$replyfrom" sh -c 'echo "$LD_PRELOAD"'
same 'a library that is first already stays as it is' "$real:libc.so.6" "$out"
run env LD_PRELOAD="libc.so.6:$real" "$replyfrom" sh -c 'echo "$LD_PRELOAD"'
same 'a library that is not first becomes first' "$real:libc.so.6:$real" "$out"

# Runtimes of sanitizers end programs in which they are not first; what is no such thing comes after ours.
# There is no version 99: the loader passes over it.
for list in libasan.so.99 /usr/lib/libasan.so.99.0.0 libtsan.so.99 liblsan.so.99 libubsan.so.99 libhwasan.so.99 \
	/x/libclang_rt.asan-x86_64.so libasan.so.99: 'libasan.so.99 ' 'libasan.so.99:libubsan.so.99'; do
	run env LD_PRELOAD="$list" "$replyfrom" sh -c 'echo "$LD_PRELOAD"'
	separator=:
	case $list in *: | *' ') separator= ;; esac
	same "LD_PRELOAD='$list': stays first" "$list$separator$real" "$out"
done
run env LD_PRELOAD=libasan.so.99:libc.so.6 "$replyfrom" sh -c 'echo "$LD_PRELOAD"'
same 'ours goes between a sanitizer and others' "libasan.so.99:$real:libc.so.6" "$out"
run env LD_PRELOAD="libasan.so.99:$real:libc.so.6" "$replyfrom" sh -c 'echo "$LD_PRELOAD"'
same 'and stays there' "libasan.so.99:$real:libc.so.6" "$out"
for list in libasan libasanx.so.99 /libasan.so.99/x.so libc.so.6:libasan.so.99 :libc.so.6; do
	run env LD_PRELOAD="$list" "$replyfrom" sh -c 'echo "$LD_PRELOAD"'
	same "LD_PRELOAD='$list': ours comes first" "$real:$list" "$out"
done

asan=$($CC -print-file-name=libasan.so)
if [ -e "$asan" ]; then
	run env ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD="$(realpath "$asan")" "$replyfrom" sh -c 'echo started'
	same 'AddressSanitizer, preloaded: the program starts' '0 started ' "$status $out $err"
	echo '#include <sys/socket.h>' >"$work/asan.c"
	echo 'int main(int count, char **arguments) { return count > 9 && recv(0, *arguments, 1, 0) < 0; }' >>"$work/asan.c"
	# shellcheck disable=SC2086 # CC may have options
	$CC -fsanitize=address -o "$work/asan" "$work/asan.c"
	run "$replyfrom" --engine preload "$work/asan"
	refused 'AddressSanitizer, in the program' '*AddressSanitizer has to be the first library (libasan*LD_PRELOAD*--force'
	run "$replyfrom" --engine preload --check "$work/asan"
	like 'AddressSanitizer, in the program: --check' '1 *AddressSanitizer*' "$status $out"
	run env LD_PRELOAD="$(realpath "$asan")" "$replyfrom" "$work/asan"
	same 'AddressSanitizer, in the program and preloaded: it starts' '0 ' "$status $err"
	run env ASAN_OPTIONS=verify_asan_link_order=0 "$replyfrom" "$work/asan"
	same 'AddressSanitizer that accepts any order: it starts' '0 ' "$status $err"
	run "$replyfrom" --force "$work/asan"
	like 'AddressSanitizer, --force: it starts without the library' '0 *all the same' "$status $err"
else
	unavailable 'AddressSanitizer' 'its runtime is not installed'
fi
run "$replyfrom" grep -c "$real" /proc/self/maps
like 'the program has it mapped' '[1-9]*' "$out"
same 'and nothing is said' '' "$err"

cd "$abs_top_builddir/tools" || exit 99
run ./replyfrom sh -c 'echo "$LD_PRELOAD"'
same 'started as ./replyfrom: an absolute path' "$real" "$out"
ln -s "$abs_top_builddir/tools/replyfrom" "$work/linked"
run "$work/linked" sh -c 'echo "$LD_PRELOAD"'
same 'started by a symbolic link' "$real" "$out"
loader=$(sed -n 's/^.*\(\/lib[^ ]*\/ld[^ ]*\).*$/\1/p' /proc/self/maps | head -n 1)
run "$loader" ./replyfrom sh -c 'echo "$LD_PRELOAD"'
same 'started by the dynamic loader' "$real" "$out"
run env PATH="$abs_top_builddir/tools:$PATH" replyfrom sh -c 'echo "$LD_PRELOAD"'
same 'found in PATH' "$real" "$out"
cd "$work" || exit 99

# spoilt TITLE PATTERN COMMAND...: the command spoils a build tree of its own, ./tree.
spoilt() {
	title=$1
	pattern=$2
	shift 2
	rm -rf "$work/tree"
	make_tree "$work/tree"
	"$@"
	run "$work/tree/tools/replyfrom" echo started
	refused "$title" "$pattern"
}

compile_version() {
	echo "const char replyfrom_version[] = \"$1\";" >"$work/version.c"
	# shellcheck disable=SC2086 # CC may have options
	$CC -shared -fPIC -o tree/shim/libreplyfrom.so "$work/version.c"
}

compile_stranger() {
	echo 'int stranger;' >"$work/stranger.c"
	# shellcheck disable=SC2086
	$CC -shared -fPIC -o tree/shim/libreplyfrom.so "$work/stranger.c"
}

compile_unresolved() {
	echo 'int no_such_function(void); int use(void) { return no_such_function(); }' >"$work/use.c"
	# shellcheck disable=SC2086
	$CC -shared -fPIC -o tree/shim/libreplyfrom.so "$work/use.c"
}

write_text() {
	echo 'no library' >tree/shim/libreplyfrom.so
}

make_tree tree
run tree/tools/replyfrom echo started
same 'a build tree of its own works' 'started' "$out"
spoilt 'library missing' '*libreplyfrom.so is missing*' rm tree/shim/libreplyfrom.so
spoilt 'library a folder' '*libreplyfrom.so*' sh -c 'cd tree/shim && rm *.so && mkdir libreplyfrom.so'
spoilt 'library is text' '*damaged*' write_text
spoilt 'library cut off' '*damaged*' truncate -s 512 tree/shim/libreplyfrom.so
spoilt 'library is empty' '*damaged*' truncate -s 0 tree/shim/libreplyfrom.so
spoilt 'library with a part cut off' '*damaged*' truncate -s 8192 tree/shim/libreplyfrom.so
spoilt 'library that needs what is not there' '*does not load*no_such_function*' compile_unresolved
spoilt 'library of a stranger' '*not replyfrom*' compile_stranger
spoilt 'library of another version' '*version 9.9.9, replyfrom has*' compile_version 9.9.9
spoilt 'helper missing' '*replyfrom-check is missing*' rm tree/tools/replyfrom-check
spoilt 'helper not executable' '*replyfrom-check*cannot be run*' chmod -x tree/tools/replyfrom-check
spoilt 'library that everybody can write' '*everybody can write*chmod o-w*' \
	chmod o+w tree/shim/libreplyfrom.so
spoilt 'folder that everybody can write' '*everybody can write to */tree/shim,*' chmod o+w tree/shim
rm -rf tree
make_tree tree
chmod o+wt tree/shim
run tree/tools/replyfrom echo started
same 'a sticky folder is no danger' started "$out"

for name in 'with space' 'with:colon' "with${newline}newline"; do
	make_tree "$work/$name"
	run "$work/$name/tools/replyfrom" echo started
	same "a path ${name%%[!a-z ]*}...: 125" '125 ' "$status $out"
	like "a path ${name%%[!a-z ]*}...: says why" '*LD_PRELOAD cannot express*' "$err"
done

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	rm -rf tree
	make_tree tree
	chmod go-r tree/shim/libreplyfrom.so
	run setpriv --reuid=65534 --regid=65534 --clear-groups tree/tools/replyfrom echo started
	refused 'library that the user cannot read' '*cannot be read*'
else
	unavailable 'library that the user cannot read' 'needs root and setpriv'
fi

# The 32-bit parts beside the 64-bit ones; for the library, what matters here will do. The kernel's
# headers are the same for both, but not always found.
# shellcheck disable=SC2086 # CC may have options
compile32() {
	mkdir -p "usr/$lib32/replyfrom"
	$CC -m32 -include "$abs_top_builddir/config.h" -I"$abs_top_builddir" -I"$abs_top_srcdir/shim" \
		-idirafter "/usr/include/$($CC -print-multiarch)" \
		-o "usr/$lib32/replyfrom/replyfrom-check" "$abs_top_srcdir"/tools/check/*.c \
		"$abs_top_srcdir/tools/become.c" "$abs_top_srcdir/tools/environment.c" "$abs_top_srcdir/tools/message.c" \
		"$abs_top_srcdir/tools/options.c" "$abs_top_srcdir/shim/base/settings.c" -ldl &&
		$CC -m32 -shared -fPIC -o "usr/$lib32/replyfrom/libreplyfrom.so" "$work/version.c"
}

# The 32-bit check hands a program that the library cannot help over to the BPF engine, which has no ABI. A script stands
# for the engine.
bpf32() {
	# shellcheck disable=SC2086 # CC may have options
	if ! $CC -m32 -static -o static32 program.c 2>/dev/null; then
		skip '32-bit static program' 'no 32-bit program can be linked statically here'
		return
	fi
	run usr/bin/replyfrom ./static32
	refused '32-bit static program without the BPF engine' './static32 *statically linked*; the BPF engine is not installed*'
	printf '#!/bin/sh\nif [ "$1" = check ]; then echo "the BPF engine can work here"; else echo "$@"; fi\n' \
		>"usr/$lib/replyfrom/replyfrom-bpf"
	chmod +x "usr/$lib/replyfrom/replyfrom-bpf"
	run usr/bin/replyfrom ./static32 'a b'
	same '32-bit static program: the BPF engine takes it' '0 run -- ./static32 a b ' "$status $out $err"
	run usr/bin/replyfrom --no-connect ./static32
	same '32-bit static program: --no-connect' '0 run --no-connect -- ./static32 ' "$status $out $err"
	run usr/bin/replyfrom --check ./static32
	like '32-bit static program: --check' '0 ./static32 *; engine: bpf ' "$status $out $err"
	run usr/bin/replyfrom --engine preload ./static32
	refused '32-bit static program: --engine preload' './static32 *statically linked*'
	rm "usr/$lib/replyfrom/replyfrom-bpf"
}

abi32() {
	echo '#include <stdlib.h>' >program.c
	echo 'int main(int count, char **arguments) { return count > 9 && system(arguments[9]); }' >>program.c
	# shellcheck disable=SC2086
	if ! $CC -m32 -o program32 program.c 2>/dev/null || ! ./program32; then
		skip 'programs of two ABIs' 'no 32-bit programs can be made here'
		return
	fi
	run usr/bin/replyfrom ./program32
	refused '32-bit program without a 32-bit library' '*another machine*(32-bit *'
	run usr/bin/replyfrom --force ./program32
	same '32-bit program, --force: started' 0 "$status"
	like '32-bit program, --force: no noise of the loader' 'replyfrom: *all the same' "$err"
	lib32=$(/lib/ld-linux.so.2 --list-diagnostics | sed -n 's/^dl_dst_lib="\(.*\)"/\1/p')
	echo "const char replyfrom_version[] = \"$("$replyfrom" --version | cut -d' ' -f2)\";" >version.c
	compile32 || result 'not ok' 'the 32-bit parts compile'
	run usr/bin/replyfrom ./program32
	same '32-bit program with a 32-bit library: starts without a word' '0 ' "$status $err"
	run usr/bin/replyfrom --check ./program32
	like '32-bit program with a 32-bit library: --check' '0 ./program32 can be started*' "$status $out"
	bpf32
	run usr/bin/replyfrom sh -c './program32; echo $?'
	same '32-bit program of a 64-bit one: no noise of the loader' '0 ' "$out $err"
	echo '#include <stdlib.h>' >program.c
	echo 'int main(void) { return system("echo \"$LD_PRELOAD\"; exec ./program64"); }' >>program.c
	# shellcheck disable=SC2086
	$CC -m32 -o program32 program.c && cp /bin/true program64
	run usr/bin/replyfrom ./program32
	same '64-bit program of a 32-bit one' "$work/usr/"'$LIB/replyfrom/libreplyfrom.so ' "$out $err"
	rm "usr/$lib32/replyfrom/libreplyfrom.so"
	run usr/bin/replyfrom ./program32
	refused 'a 32-bit installation without its library' '*another machine*'
}

# An installed wrapper: $LIB where the loader knows it.
lib=$(/lib64/ld-linux-x86-64.so.2 --list-diagnostics 2>/dev/null | sed -n 's/^dl_dst_lib="\(.*\)"/\1/p')
if [ -n "$lib" ]; then
	make_installed "$work/usr" "$lib" || result 'not ok' 'an installed wrapper compiles'
	run usr/bin/replyfrom sh -c 'echo "$LD_PRELOAD"'
	same 'installed in the ABI'\''s libdir: $LIB' "$work/usr/"'$LIB/replyfrom/libreplyfrom.so' "$out"
	run usr/bin/replyfrom grep -c "$lib/replyfrom/libreplyfrom.so" /proc/self/maps
	like 'and the program has it mapped' '[1-9]*' "$out"
	abi32
	rm -r usr/bin "usr/$lib"
	make_installed "$work/usr" elsewhere
	run usr/bin/replyfrom sh -c 'echo "$LD_PRELOAD"'
	same 'installed elsewhere: the plain path' "$work/usr/elsewhere/replyfrom/libreplyfrom.so" "$out"
else
	skip 'installed wrapper' 'the loader does not tell what $LIB is'
fi
finish
