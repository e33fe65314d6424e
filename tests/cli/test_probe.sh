#!/bin/sh
# SPDX-License-Identifier: MIT
# --probe: a server on the wildcard address, asked at 127.0.0.2, without and with replyfrom. The
# loopback interface has all of 127/8, so this needs neither root nor a network.

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

cd "$work" || exit 99
# shellcheck disable=SC2086 # CC may have options
compile_server server $CC || exit 99
mkfifo input output

serve ./server six 2>seen
run "$replyfrom" --probe "127.0.0.1:$port" "127.0.0.2:$port"
same 'a plain server: 1' '1 ' "$status $err"
like 'asked at its first address: right' "*127.0.0.1:$port  127.0.0.1 *right$newline*" "$out"
like 'asked at another: wrong' "*127.0.0.2:$port  127.0.0.1 *WRONG*" "$out"
same 'the table is aligned' 1 "$(printf '%s\n' "$out" |
	awk '{ print match($0, /  [A-Zrb1][A-Za-z0-9. ]*$/) }' | sort -u | wc -l)"
run "$replyfrom" --probe --json "127.0.0.2:$port"
same '--json: wrong' \
	"[{\"asked\": \"127.0.0.2:$port\", \"answered\": \"127.0.0.1\", \"result\": \"wrong\"}]" "$out"
stop

serve "$replyfrom" ./server six 2>seen
run "$replyfrom" --probe "127.0.0.1:$port" "127.0.0.2:$port"
same 'with replyfrom: 0' '0 ' "$status $err"
like 'asked at another address: right' "*127.0.0.2:$port  127.0.0.2 *right*" "$out"
run "$replyfrom" --probe --json "127.0.0.2:$port"
same '--json: right' \
	"[{\"asked\": \"127.0.0.2:$port\", \"answered\": \"127.0.0.2\", \"result\": \"right\"}]" "$out"
if [ -e /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6; then
	run "$replyfrom" --probe "[::1]:$port"
	like 'IPv6' '0 *::1 *right*' "$status $out"
else
	skip 'IPv6' 'there is none here'
fi
for kind in dns echo ntp radius sip snmp tftp; do
	run "$replyfrom" --probe --request "$kind" "127.0.0.2:$port"
	same "--request $kind" 0 "$status"
done
run "$replyfrom" --probe --request hex:00ffAb "127.0.0.2:$port"
same '--request hex:' 0 "$status"
stop
same 'what was sent as hex:' 00ffab "$(tail -n 1 seen)"
same 'a request of NTP has 48 bytes' 96 "$(grep '^23' seen | head -n 1 | tr -d '\n' | wc -c)"
same 'one of RADIUS tells its length' 31 "$(($(grep '^0101001f' seen | tr -d '\n' | wc -c) / 2))"
same 'one of SNMP tells its length' 60 "$(($(grep '^303a' seen | tr -d '\n' | wc -c) / 2))"
same 'one of TFTP asks for a file' 1 "$(grep -c '^0001.*006f6374657400$' seen)"
same 'one of DNS has one question' 1 "$(grep -c '^7266000000010000000000000000020001$' seen)"

run "$replyfrom" --probe "127.0.0.2:$port"
like 'nobody there' '1 *-  *no server listens*' "$status $out"
run "$replyfrom" --probe --json "127.0.0.2:$port"
same '--json: nobody there' \
	"[{\"asked\": \"127.0.0.2:$port\", \"answered\": null, \"result\": \"refused\"}]" "$out"
serve ./server silent 2>seen
run "$replyfrom" --probe "127.0.0.2:$port"
like 'no answer' '1 *-  *no reply*' "$status $out"
stop
same 'asked three times' 3 "$(wc -l <seen)"

for bad in 127.0.0.1 127.0.0.1: :53 127.0.0.1:0 127.0.0.1:65536 127.0.0.1:x localhost:53 ::1:53 '[::1:53' \
	'[::1]53' '[]:53' 300.0.0.1:53 ''; do
	run "$replyfrom" --probe "$bad"
	refused "bad address '$bad'" "'*' is no address*allowed*"
done
for bad in DNS http hex hex:0 hex:0g; do
	run "$replyfrom" --probe --request "$bad" 127.0.0.1:53
	refused "bad request '$bad'" "--request is '$bad'; allowed: dns*"
done
run "$replyfrom" --probe
refused 'nothing to ask' '*'
finish
