# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # the tests use these variables
# What the tests of the wrapper share: results in the Test Anything Protocol, a place to work in.

replyfrom=${abs_top_builddir:?}/tools/replyfrom
library=$abs_top_builddir/shim/libreplyfrom.so
cases=0
newline='
'

LC_ALL=C
export LC_ALL
unset LD_PRELOAD
for setting in LOG PORTS PEERS SOURCE FOLLOW_TCP STATS DISABLE; do
	unset "REPLYFROM_$setting"
done

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
chmod 755 "$work" # for the tests that another user's process takes part in

result() {
	cases=$((cases + 1))
	echo "$1 $cases - $2"
}

# remark TEXT: what helps to understand a failure.
remark() {
	printf '%s\n' "$1" | sed 's/^/# /'
}

# same TITLE EXPECTED ACTUAL
same() {
	if [ "$2" = "$3" ]; then
		result ok "$1"
	else
		result 'not ok' "$1"
		remark "expected: $2"
		remark "actual: $3"
	fi
}

# like TITLE PATTERN ACTUAL: the pattern is one of case ... esac.
like() {
	# shellcheck disable=SC2254 # the pattern is wanted
	case $3 in
	$2) result ok "$1" ;;
	*)
		result 'not ok' "$1"
		remark "expected: $2"
		remark "actual: $3"
		;;
	esac
}

# skip TITLE REASON: of what not every machine can have.
skip() {
	result ok "$1 # SKIP $2"
}

# unavailable TITLE REASON: in continuous integration, with root's rights, it is a failure.
unavailable() {
	if [ "${CI-}" = true ] && [ "$(id -u)" = 0 ]; then
		result 'not ok' "$1: $2"
	else
		skip "$1" "$2"
	fi
}

# run COMMAND...: leaves its $status, $out and $err.
run() {
	status=0
	"$@" >"$work/out" 2>"$work/err" || status=$?
	out=$(cat "$work/out")
	err=$(cat "$work/err")
}

# refused TITLE PATTERN: the last run ended with 125, said one such line, and did nothing else.
refused() {
	same "$1: 125" 125 "$status"
	like "$1: says why" "replyfrom: $2" "$err"
	like "$1: in one line" '?*' "${err%%*"$newline"*}"
	same "$1: nothing is started" '' "$out"
}

# write_receiver: receiver.c, of a program that imports a receive call.
write_receiver() {
	cat >receiver.c <<'END'
#include <sys/socket.h>
int main(int count, char **arguments)
{
	char byte;

	(void)arguments;
	return count > 9 && recvfrom(0, &byte, 1, 0, 0, 0) < 0;
}
END
}

# write_silent: silent.c, of a program that calls nothing.
write_silent() {
	cat >silent.c <<'END'
int main(void) { return 0; }
END
}

# make_tree FOLDER: a build tree of its own, to be spoilt.
make_tree() {
	mkdir -p "$1/scripts" "$1/shim" "$1/tools"
	cp "$abs_top_builddir/tools/replyfrom" "$abs_top_builddir"/tools/replyfrom-* "$1/tools/"
	cp "$abs_top_builddir/scripts/replyfrom-unit" "$1/scripts/"
	cp "$library" "$1/shim/"
}

# compile_server FILE COMPILER...: the server of tests/cli/server.c
compile_server() {
	server_file=$1
	shift
	"$@" -I"${abs_top_srcdir:?}/tests/lib" -o "$server_file" "$abs_top_srcdir/tests/cli/server.c" -ldl
}

# serve COMMAND...: starts a server that prints its port; sets $server and $port. Takes the pipes input and output.
serve() {
	"$@" <input >output &
	server=$!
	exec 3>input 4<output
	read -r port <&4
}

# stop: ends that server with its input
stop() {
	exec 3>&- 4<&-
	wait "$server"
}

# make_prints VARIABLE: the words of a variable of the Makefile, one a line
make_prints() {
	# shellcheck disable=SC2016 # these dollars are for make
	printf 'print-it:\n\t@for word in $(%s); do echo "$$word"; done\n' "$1" |
		env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES "${MAKE:-make}" -s -C "$abs_top_builddir" -f Makefile -f - print-it
}

# compile_wrapper BINDIR LIBDIR FILE: a wrapper that is configured for these folders
compile_wrapper() {
	# shellcheck disable=SC2086 # CC may have options
	$CC -include "$abs_top_builddir/config.h" -I"$abs_top_builddir" -I"${abs_top_srcdir:?}/tools" \
		-DBINDIR="\"$1\"" -DLIBDIR="\"$2\"" -o "$3" "$abs_top_srcdir/tools/replyfrom.c" \
		"$abs_top_srcdir/tools/parts.c" "$abs_top_builddir/tools/libcheck.a" -ldl
}

# make_installed PREFIX [LIB]: what an installation leaves in PREFIX, with the parts in PREFIX/LIB (lib)
make_installed() {
	parts=$1/${2:-lib}/replyfrom
	mkdir -p "$1/bin" "$parts"
	cp "$library" "$abs_top_builddir"/tools/replyfrom-* "$abs_top_builddir/scripts/replyfrom-unit" "$parts/"
	compile_wrapper "$1/bin" "$1/${2:-lib}" "$1/bin/replyfrom"
}

finish() {
	echo "1..$cases"
	exit 0
}
