#!/bin/sh
# SPDX-License-Identifier: MIT
# Options and settings: what they do, and that each bad one is refused before anything starts.
# shellcheck disable=SC2016 # the started shells expand, not this one

. "${abs_top_srcdir:?}/tests/wrapper/lib.sh"

run "$replyfrom" --help
same '--help: 0' 0 "$status"
for word in Usage --log --ports --peers --stats --check --force --help --version 125 126 127; do
	like "--help tells of $word" "*$word*" "$out"
done
same '--help fits a terminal' '' "$(printf '%s\n' "$out" | grep -E '.{101}')"
run "$replyfrom" --version
same '--version' 'replyfrom [0-9]' "$(printf '%s\n' "$out" | sed 's/[0-9].*/[0-9]/')"
same '--version: 0' 0 "$status"

# setting TITLE NAME ARGUMENT...: what the program gets as REPLYFROM_NAME
setting() {
	title=$1
	name=REPLYFROM_$2
	expected=$3
	shift 3
	run "$replyfrom" "$@" sh -c 'eval "echo \"\$$1\""' sh "$name"
	same "$title" "$expected" "$out"
}

for level in off error info debug; do
	setting "--log $level" LOG $level --log $level
done
setting '--log=debug' LOG debug --log=debug
setting 'the last one counts' LOG info --log debug --log info
setting '--ports 53' PORTS 53 --ports 53
setting '--ports with ranges' PORTS 53,5000-5010,65535 --ports=53,5000-5010,65535
setting '--peers, the least' PEERS 1024 --peers 1024
setting '--peers, the most' PEERS 16777216 --peers 16777216
setting '--stats' STATS 1 --stats
setting 'several options' PORTS 1 --log off --ports 1 --stats
setting 'options end at the command' LOG '' env --

REPLYFROM_LOG=info setting 'a setting of the environment stays' LOG info
REPLYFROM_LOG=info setting 'an option goes before the environment' LOG debug --log debug
REPLYFROM_LOG='' setting 'an empty setting is none' LOG ''
run env REPLYFROM_DISABLE=1 "$replyfrom" sh -c 'echo "$LD_PRELOAD"'
same 'REPLYFROM_DISABLE=1: nothing is preloaded' '0 ' "$status $out"
run env REPLYFROM_DISABLE=1 PATH="$work" "$replyfrom" replyfrom-no-such-command
same 'REPLYFROM_DISABLE=1: 127 all the same' 127 "$status"

# bad TITLE PATTERN ARGUMENT...
bad() {
	title=$1
	pattern=$2
	shift 2
	run "$replyfrom" "$@" echo started
	refused "$title" "$pattern"
}

run "$replyfrom"
refused 'no command' 'no command*'
run "$replyfrom" --
refused 'no command after --' 'no command*'
run "$replyfrom" --log
refused '--log at the end' '*--log needs a value*LEVEL*'
bad 'unknown option' '*--unknown*--help*' --unknown
bad 'a part of an option' '*--ver*--help*' --ver
bad 'no pattern among options' '*--*--help*' '--*'
bad 'a field of the table' '*unknown option*' '--log|LEVEL'
bad 'short option' '*-v*--help*' -v
bad '--stats with a value' '*--stats*no value*' --stats=1
bad '--check with a value' '*--check*no value*' --check=1
bad '--force with a value' '*--force*no value*' --force=
bad '--probe with a value' '*--probe*no value*' --probe=1
bad '--json with a value' '*--json*no value*' --json=1
bad '--request without --probe' '*--probe only*' --request dns
bad '--json alone' '*--scan, --probe and --status only*' --json
bad '--scan with a value' '*--scan*no value*' --scan=1
bad '--scan with a command' '*--scan takes no*' --scan
bad '--help with a value' '*--help*no value*' --help=me
bad '--version with a value' '*--version*no value*' --version=1
for option in log ports peers request; do
	bad "--$option with nothing" "*--$option needs a value*" "--$option="
	bad "--$option with an empty value" "*--$option needs a value*" "--$option" ''
done
for value in loud OFF 0 ' debug' 'debug '; do
	bad "--log '$value'" "REPLYFROM_LOG (--log) is '$value'*off, error, info or debug*" \
		--log "$value"
done
for value in 0 65536 99999999999999999999 -1 x '53,' ',53' 5-4 1- -5 '53 54' 0x35 1-2-3 '53,,54'; do
	bad "--ports '$value'" "REPLYFROM_PORTS (--ports) is '$value'*1 to 65535*" --ports "$value"
done
for value in 0 1023 16777217 99999999999999999999 -1 x 1024x ' 2048' 2k 0x1000; do
	bad "--peers '$value'" "REPLYFROM_PEERS (--peers) is '$value'*1024 to 16777216*" \
		--peers "$value"
done

for assignment in LOG=loud PORTS=0 PEERS=1 STATS=2 DISABLE=yes; do
	run env "REPLYFROM_$assignment" "$replyfrom" echo started
	refused "REPLYFROM_$assignment" "REPLYFROM_${assignment%%=*}*is '${assignment#*=}'; allowed: *"
done
run env REPLYFROM_PORT=53 "$replyfrom" echo started
refused 'a misspelt setting' 'REPLYFROM_PORT is no setting*REPLYFROM_PORTS*'
run env REPLYFROM_DISABLE=1 REPLYFROM_LOG=loud "$replyfrom" echo started
refused 'REPLYFROM_DISABLE=1 lets no other bad setting pass' 'REPLYFROM_LOG*'
finish
