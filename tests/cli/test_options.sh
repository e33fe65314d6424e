#!/bin/sh
# SPDX-License-Identifier: MIT
# Options and settings: what they do, and that each bad one is refused before anything starts.
# shellcheck disable=SC2016 # the started shells expand, not this one

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

run "$replyfrom" --help
same '--help: 0' 0 "$status"
for word in Usage --log --ports --peers --source --follow-tcp --stats --engine --attach --detach --no-connect \
	--check --force --help --version 125 126 127; do
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
setting '--source, IPv4' SOURCE 192.0.2.1 --source 192.0.2.1
setting '--source, IPv6' SOURCE 2001:db8::1 --source=2001:db8::1
setting '--source, one of each' SOURCE 2001:db8::1,192.0.2.1 --source 2001:db8::1,192.0.2.1
setting '--follow-tcp' FOLLOW_TCP 1 --follow-tcp
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
bad '--follow-tcp with a value' '*--follow-tcp*no value*' --follow-tcp=1
bad 'a part of --follow-tcp' '*unknown option --follow;*' --follow
bad '--check with a value' '*--check*no value*' --check=1
bad '--force with a value' '*--force*no value*' --force=
bad '--engine with another value' "option --engine is 'BPF'; allowed: auto, preload or bpf" --engine BPF
bad '--engine with a part of a value' "*--engine is 'pre'*" --engine=pre
bad '--engine bpf with --force' '*--force means --engine preload*' --engine bpf --force
bad '--engine auto with --force' '*--force means --engine preload*' --force --engine auto
bad '--engine with --unit --remove' '*--engine goes with a command only*' --engine bpf --unit --remove x.service
bad '--engine with --scan' '*--engine goes with a command only*' --engine bpf --scan
bad '--no-connect with a value' '*--no-connect*no value*' --no-connect=1
bad '--no-connect with the preload' '*--no-connect goes with*' --engine preload --no-connect
bad '--no-connect with --force' '*--no-connect goes with*' --force --no-connect
bad '--attach with a command' '*start no command' --attach tftpd.service
bad '--detach with a command' '*start no command' --detach tftpd.service
bad '--attach with --engine' '*start no command' --engine bpf --attach tftpd.service
for mode in --check --scan --force; do
	run "$replyfrom" --attach tftpd.service $mode
	refused "--attach and $mode" '*--attach and --detach go with no other mode'
done
run "$replyfrom" --engine bpf
refused '--engine without a command' 'no command*'
run "$replyfrom" --check
refused '--check without a command' 'no command to check*'
run "$replyfrom" --unit
refused '--unit without a name' 'no NAME.service for --unit*'
run "$replyfrom" --probe
refused '--probe without an address' 'no ADDRESS:PORT for --probe*'
run env REPLYFROM_PORT=53 "$replyfrom" --attach tftpd.service
refused '--attach with a misspelt setting' 'REPLYFROM_PORT is no setting*'
bad '--probe with a value' '*--probe*no value*' --probe=1
bad '--json with a value' '*--json*no value*' --json=1
bad '--request without --probe' '*--probe only*' --request dns
bad '--json alone' '*--scan, --probe and --status only*' --json
bad '--scan with a value' '*--scan*no value*' --scan=1
bad '--scan with a command' '*--scan takes no*' --scan
bad '--help with a value' '*--help*no value*' --help=me
bad '--version with a value' '*--version*no value*' --version=1
for option in log ports peers source request engine attach detach; do
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

for value in 0.0.0.0 :: 224.0.0.1 255.255.255.255 fe80::1 169.254.1.1 fe80::1%lo '192.0.2.1,' ',192.0.2.1' 192.0.2.1,192.0.2.2 \
	' 192.0.2.1' '192.0.2.1, ::1' ::ffff:192.0.2.1 192.0.2.1/24 '(::1)' localhost '192.0.2.1,2001:db8::1,::1'; do
	bad "--source '$value'" "REPLYFROM_SOURCE (--source) is '$value'*one unicast address*192.0.2.1,2001:db8::1*" --source "$value"
done

for assignment in LOG=loud PORTS=0 PEERS=1 SOURCE=0.0.0.0 FOLLOW_TCP=yes STATS=2 DISABLE=yes; do
	run env "REPLYFROM_$assignment" "$replyfrom" echo started
	refused "REPLYFROM_$assignment" "REPLYFROM_${assignment%%=*}*is '${assignment#*=}'; allowed: *"
done
run env REPLYFROM_PORT=53 "$replyfrom" echo started
refused 'a misspelt setting' 'REPLYFROM_PORT is no setting*REPLYFROM_PORTS*'
run env REPLYFROM_FOLLOW-TCP=1 "$replyfrom" echo started
refused 'a setting with a mistake that no shell lets through' 'REPLYFROM_FOLLOW-TCP is no setting*REPLYFROM_FOLLOW_TCP*'
run env REPLYFROM_DISABLE=1 REPLYFROM_LOG=loud "$replyfrom" echo started
refused 'REPLYFROM_DISABLE=1 lets no other bad setting pass' 'REPLYFROM_LOG*'

# No argument or variable moves the cursor, paints, or makes a second line: its control characters become ?.
escape=$(printf '\033')
bell=$(printf '\007')
csi=$(printf '\302\233')    # C1 in UTF-8
stray=$(printf '\233')      # and as one byte
letters=$(printf '\303\244\342\202\254\360\237\230\200\377') # those that are none, and a byte that is no UTF-8
evil="a${escape}[31mb${bell}c${newline}d	e${csi}f${stray}g$(printf '\177')h$letters"
tame="a?[31mb?c?d?e?f?g?h$letters"
evil_program=$(printf 'evil\033]0;x\007')
cp /bin/true "$work/$evil_program"
# said TITLE COMMAND...: the one line, on stderr or stdout, has the tame text and nothing else that is odd
said() {
	title=$1
	shift
	run "$@"
	like "$title: control characters become ?" "*$tame*" "$out$err"
	same "$title: in one line" 1 "$(printf '%s\n' "$out$err" | wc -l | tr -d ' ')"
}
said 'an unknown option' "$replyfrom" "--$evil"
said 'an unknown short option' "$replyfrom" "-$evil"
said 'a value' "$replyfrom" --log "$evil" true
said 'a value of the environment' env "REPLYFROM_PORTS=$evil" "$replyfrom" true
said 'a name of the environment' env "REPLYFROM_$evil=1" "$replyfrom" true
said 'a command' "$replyfrom" "$evil"
said 'a command to check' "$replyfrom" --check "$evil"
said 'an address to ask' "$replyfrom" --probe "$evil"
said 'a kind of request' "$replyfrom" --probe --request "$evil" 127.0.0.1:9
said 'a process' "$replyfrom" --status "$evil"
printf '\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\10\0\1\0\0\0' >"$work/$evil"
head -c 40 /dev/zero >>"$work/$evil"
chmod +x "$work/$evil"
said 'a verdict' "$replyfrom" --check "$work/$evil"
said 'a refused start' "$replyfrom" --engine preload "$work/$evil"
run "$replyfrom" --unit "$(printf 'x\033[31m\007.service')"
like 'a unit: control characters become ?' "*'x?[31m?.service' is no name*" "$err"
run "$replyfrom" --check "$work/$evil_program"
like 'the name of a program' '*evil?]0;x? *' "$out"

# A message that nobody reads kills nobody, and a start goes on.
cat >"$work/deaf.c" <<'END'
#include <unistd.h>
int main(int count, char **arguments)
{
	int ends[2];

	(void)count;
	return pipe(ends) || close(ends[0]) || dup2(ends[1], 2) < 0 || execv(arguments[1], arguments + 1);
}
END
# shellcheck disable=SC2086 # CC may have options
$CC -o "$work/deaf" "$work/deaf.c"
run "$work/deaf" "$replyfrom" --log loud true
same 'a message to a closed pipe: 125' 125 "$status"
# shellcheck disable=SC2086
if printf 'int main(void) { return 7; }\n' >"$work/seven.c" && $CC -static -o "$work/seven" "$work/seven.c" 2>/dev/null; then
	run "$work/deaf" "$replyfrom" --force "$work/seven"
	same 'a warning to a closed pipe: the program starts' 7 "$status"
	run sh -c '"$0" --force "$1" 2>&-' "$replyfrom" "$work/seven"
	same 'a warning with stderr closed: the program starts' 7 "$status"
	run sh -c '"$0" --force "$1" 2>/dev/full' "$replyfrom" "$work/seven"
	same 'a warning to a full disk: the program starts' 7 "$status"
else
	unavailable 'warnings that nobody reads' 'the C library cannot be linked statically'
fi
run sh -c '"$0" --help >/dev/full' "$replyfrom"
like '--help to a full disk' '125 replyfrom: stdout: *' "$status $err"
run sh -c '"$0" --version >&-' "$replyfrom"
like '--version with stdout closed' '125 replyfrom: stdout: *' "$status $err"
finish
