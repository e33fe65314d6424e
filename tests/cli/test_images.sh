#!/bin/sh
# SPDX-License-Identifier: MIT
# docs/recipes.md: what the Dockerfiles do, without Docker: configure, make and make install for this
# libc and for musl, and a server started by what was installed.

. "${abs_top_srcdir:?}/tests/cli/recipe.sh"

# A source tree that is configured in place cannot be configured in other folders too.
source=$abs_top_srcdir
if [ -e "$source/config.status" ]; then
	source=$work/source
	mkdir "$source"
	make_prints DISTFILES >files
	tar -C "$abs_top_srcdir" -cf - -T files | tar -C "$source" -xf -
fi

# installed TITLE COMPILER...
installed() {
	title=$1
	shift
	prefix=$work/$title
	mkdir "build-$title"
	if ! compile_server "server-$title" "$@" 2>log; then
		skip "$title" 'there is no compiler for it'
		return
	fi
	# With the build system as it was made, whatever stands in the sources by now.
	as_made='ACLOCAL=: AUTOCONF=: AUTOHEADER=: AUTOMAKE=:'
	# shellcheck disable=SC2086 # these are words
	(cd "build-$title" && "$source/configure" --prefix="$prefix" CC="$*" &&
		make $as_made && make $as_made install) >log 2>&1
	built=$?
	same "$title: installed" 0 "$built"
	[ "$built" = 0 ] || remark "$(tail -n 5 log)"
	port=$(./server port)
	serve "$prefix/bin/replyfrom" "./server-$title" plain "$port"
	answers "$title: a server of that libc" right
	run "$prefix/bin/replyfrom" --status "$daemon"
	same "$title: --status" 0 "$status"
	stop
	if command -v busybox >/dev/null; then
		serve busybox sh -c 'exec "$@"' sh "$prefix/bin/replyfrom" --log error "./server-$title" plain "$port"
		answers "$title: by the shell of BusyBox" right
		stop
	else
		skip "$title: by the shell of BusyBox" 'it is not installed'
	fi
}

# shellcheck disable=SC2086 # CC may have options
installed libc $CC
if command -v musl-gcc >/dev/null; then
	# The kernel's headers, which musl-gcc does not look for.
	# shellcheck disable=SC2086
	installed musl musl-gcc -idirafter "/usr/include/$($CC -print-multiarch)" -idirafter /usr/include
	run libc/bin/replyfrom --engine preload ./server-musl plain "$port"
	refused 'a program of the other libc' '*another libc*'
else
	unavailable 'musl' 'musl-gcc is not installed'
fi

# What it makes takes the network, and a minute.
for arguments in '' image.tar 'image.tar server' 'image.tar missing.deb'; do
	# shellcheck disable=SC2086 # words
	run "$abs_top_srcdir/scripts/image" $arguments
	case $arguments in *' '*) expected='1  image: * is no package that can be read' ;; *) expected='1  image: usage: *' ;; esac
	like "scripts/image $arguments: refused" "$expected" "$status $out $err"
	same "scripts/image $arguments: makes nothing" '' "$(find . -name image.tar)"
done
finish
