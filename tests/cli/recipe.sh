# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the tests of the recipes share: a server, and whether it answers at 127.0.0.2 from there.

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

cd "$work" || exit 99
# shellcheck disable=SC2086 # CC may have options
compile_server server $CC || exit 99
PATH=$PATH:/usr/sbin:/sbin
mkfifo input
daemon=
trap '[ -z "$daemon" ] || kill "$daemon" 2>/dev/null; rm -rf "$work"' EXIT

# await_port: until somebody has bound $port, or $daemon has ended, or the deadline is over
await_port() {
	: "${port:?}"
	end=$(($(date +%s) + ${REPLYFROM_TEST_DEADLINE:-20}))
	until grep -q "^ *[0-9]*: 00000000:$(printf %04X "$port") " /proc/net/udp; do
		kill -0 "$daemon" 2>/dev/null || break
		[ "$(date +%s)" -lt "$end" ] || break
	done
}

# serve COMMAND...: starts it in the background and waits for it to bind $port; its input is open
serve() {
	"$@" <input >daemon.out 2>daemon.err &
	daemon=$!
	exec 3>input
	await_port
}

stop() {
	exec 3>&-
	kill "$daemon" 2>/dev/null
	wait "$daemon" 2>/dev/null
	daemon=
}

# answers TITLE RESULT: asked twice, at an address that the kernel would not answer from
answers() {
	for turn in once again; do
		run "$replyfrom" --probe --json "127.0.0.2:$port"
		like "$1: $turn" "*\"result\": \"$2\"*" "$out"
	done
	[ -z "$err" ] || remark "$err"
	remark "$(cat daemon.err)"
}
