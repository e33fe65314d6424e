#!/bin/sh
# SPDX-License-Identifier: MIT
# A library built without optimisation, or with counters and hooks of the compiler in each function, works as any other:
# dlopen() looks into the RUNPATH of the object that called it, and a datagram is answered.

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

cd "$work" || exit 99
mkdir plugins
echo 'int plugin; int plugin = 7;' >plugin.c
cat >program.c <<'END'
#include <dlfcn.h>
#include <stdio.h>
int main(void)
{
	static const int modes[] = { RTLD_NOW, RTLD_LAZY | RTLD_GLOBAL, RTLD_NOW | RTLD_NOLOAD };
	for (int i = 0; i < 3; i++)
		if (!dlopen("plugin.so", modes[i]))
			return !!puts(dlerror());
	return !dlopen(NULL, RTLD_NOW) || dlopen("nothing.so", RTLD_NOW);
}
END
# shellcheck disable=SC2086 # CC may have options
$CC -shared -fPIC -o plugins/plugin.so plugin.c &&
	$CC -o program program.c -Wl,--enable-new-dtags,-rpath,"\$ORIGIN/plugins" -ldl || exit 99
# What the library makes of dlopen() is in one file; but for the first library, the others are as they were built.
hook=$abs_top_srcdir/shim/hooks/dlopen.c
everything=$(find "$abs_top_srcdir/shim" -name '*.[cS]')
objects=$(make_prints shim_libreplyfrom_so_OBJECTS | sed "s:^:$abs_top_builddir/:" | grep -v -e '-dlopen\.o')
run ./program
same 'a plugin found by RUNPATH: plainly' '0 ' "$status $out"

# unoptimized TITLE FILES FLAG...
unoptimized() {
	title=$1
	files=$2
	shift 2
	# shellcheck disable=SC2086 # these are words
	if ! $CC -std=gnu11 -D_GNU_SOURCE -include "$abs_top_builddir/config.h" -I"$abs_top_srcdir/shim" -fPIC \
		-fvisibility=hidden -ftls-model=initial-exec "$@" -shared -Wl,--version-script,"$abs_top_builddir/shim/exports.map" \
		-o library.so $files -ldl 2>log; then
		unavailable "$title" 'it cannot be built so here'
		remark "$(head -n 3 log)"
		return
	fi
	run env LD_PRELOAD="$work/library.so" ./program
	same "$title: a plugin found by RUNPATH" '0 ' "$status $out$err"
}

unoptimized '-O0, all of it' "$everything" -O0
unoptimized '-Og -fstack-protector-all' "$hook $objects" -Og -fstack-protector-all
unoptimized '-O0 --coverage' "$hook $objects" -O0 --coverage
unoptimized '-O0 -fsanitize=undefined' "$hook $objects" -O0 -fsanitize=undefined
unoptimized '-O0 -finstrument-functions' "$hook $objects" -O0 -finstrument-functions
# clang takes this flag for more than the attribute that it has for such calls.
if ! echo __clang__ | $CC -E -P - | grep -qx 1; then
	unoptimized '-O0 -fno-optimize-sibling-calls' "$hook $objects" -O0 -fno-optimize-sibling-calls
	unoptimized '-O2 -fno-optimize-sibling-calls' "$hook $objects" -O2 -fno-optimize-sibling-calls
fi
finish
