#!/bin/sh
# SPDX-License-Identifier: MIT
# --unit: the drop-in for a systemd service, from units and drop-ins of all shapes.

. "${abs_top_srcdir:?}/tests/wrapper/lib.sh"

cd "$work" || exit 99
make_tree tree
replyfrom=$work/tree/tools/replyfrom
real=$work/tree/shim/libreplyfrom.so
mkdir -p etc lib
SYSTEMD_UNIT_PATH=$work/etc:$work/lib
export SYSTEMD_UNIT_PATH
cp /bin/sh program

# unit NAME LINE...: a unit with these lines in its [Service]
unit() {
	name=$1
	shift
	mkdir -p "${name%/*}"
	printf '%s\n' '[Unit]' 'Description=x' '[Service]' "$@" '[Install]' 'WantedBy=y' >"$name"
}

# settings NAME [OPTION...]: run, and keep what is no comment
settings() {
	name=$1
	shift
	run "$replyfrom" "$@" --unit "$name"
	lines=$(printf '%s\n' "$out" | grep -v '^#')
}

# environment TITLE VALUE: the drop-in sets LD_PRELOAD to this, and nothing else
environment() {
	same "$1" "[Service]${newline}Environment=\"LD_PRELOAD=$2\"" "$lines"
}

unit lib/plain.service "ExecStart=$work/program --option"
settings plain.service
same 'a plain unit: 0 and no word' '0 ' "$status $err"
environment 'a plain unit' "$real"
like 'tells where it belongs' "*# $work/etc/plain.service.d/replyfrom.conf*" "$out"
like 'tells about the program' "*# $work/program can be started*" "$out"
like 'tells how to undo it' '*undo*daemon-reload*' "$out"
same 'writes nothing' '' "$(ls etc)"

settings plain.service --ports 53,5000-5010 --log=info --stats
like 'settings become lines: ports' '*Environment="REPLYFROM_PORTS=53,5000-5010"*' "$lines"
like 'settings become lines: log' '*Environment="REPLYFROM_LOG=info"*' "$lines"
like 'settings become lines: stats' '*Environment="REPLYFROM_STATS=1"*' "$lines"

for value in 'LD_PRELOAD=/x.so' 'A=b LD_PRELOAD=/x.so C=d' '"LD_PRELOAD=/x.so" "A=b c"'; do
	unit lib/preload.service "ExecStart=$work/program" "Environment=$value"
	settings preload.service
	environment "the unit's own LD_PRELOAD stays: $value" "$real:/x.so"
done
unit lib/preload.service "ExecStart=$work/program" 'Environment="LD_PRELOAD=/x.so /y.so"'
settings preload.service
environment "the unit's own LD_PRELOAD stays: two" "$real:/x.so /y.so"
unit lib/preload.service "ExecStart=$work/program" 'Environment=LD_PRELOAD=/x.so' 'Environment='
settings preload.service
environment 'an LD_PRELOAD that was taken back' "$real"
unit lib/preload.service "ExecStart=$work/program" '#Environment=LD_PRELOAD=/x.so' \
	'Environment=NO_LD_PRELOAD=/x.so'
settings preload.service
environment 'what only looks like one' "$real"
unit lib/preload.service "ExecStart=$work/program"
unit etc/preload.service.d/50-x.conf 'Environment=LD_PRELOAD=/x.so'
unit lib/preload.service.d/50-x.conf 'Environment=LD_PRELOAD=/hidden.so'
settings preload.service
environment 'a drop-in of the administrator' "$real:/x.so"

# What is looked at is the program that is started.
for value in "$work/program" "-$work/program x" "@$work/program name" "+!!:$work/program" \
	"\"$work/program\" x"; do
	unit lib/signs.service "ExecStart=$value"
	settings signs.service
	like "ExecStart=$value" "*# $work/program can be started*" "$out"
done
# shellcheck disable=SC1003 # the line ends so
unit lib/long.service "ExecStart=$work/program \\" '  x \' '  y' 'Environment=LD_PRELOAD=/x.so'
settings long.service
environment 'continued lines' "$real:/x.so"
unit lib/again.service 'ExecStart=/nothing' 'ExecStart=' "ExecStart=$work/program"
settings again.service
like 'ExecStart= set anew' "*# $work/program can be started*" "$out"
unit etc/plain.service "ExecStart=$work/program" 'Environment=LD_PRELOAD=/etc.so'
settings plain.service
environment 'a unit of the administrator goes first' "$real:/etc.so"
unit lib/many@.service "ExecStart=$work/program %i"
settings many@one.service
environment 'an instance of a template' "$real"
unit lib/vague.service 'ExecStart=%h/program'
settings vague.service
like 'a path that only systemd knows' '0 *%h/program was not looked at*' "$status $out"

for line in 'SystemCallFilter=@system-service' 'EnvironmentFile=-/etc/x' 'SELinuxContext=x'; do
	unit lib/hard.service "ExecStart=$work/program" "$line"
	settings hard.service
	like "a note on $line" "*# ${line%%=*}=: *" "$out"
done
unit lib/hard.service "ExecStart=$work/program" 'RootDirectory=/srv'
settings hard.service
like 'RootDirectory=: the library is brought inside' "*BindReadOnlyPaths=\"${real%/*}\"*" "$lines"
: >lib/hard.socket
settings hard.service
like 'a note on the socket unit' '*# hard.socket: *' "$out"

printf '\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\10\0\1\0\0\0%40s' '' >foreign
chmod +x foreign
unit lib/foreign.service "ExecStart=$work/foreign"
run "$replyfrom" --unit foreign.service
refused 'a program that cannot be helped' 'foreign.service: *cannot be helped*'
unit lib/gone.service 'ExecStart=/nothing/here'
run "$replyfrom" --unit gone.service
same 'a program that is not there: 125' 125 "$status"
unit lib/none.service 'Environment=A=b'
run "$replyfrom" --unit none.service
refused 'no ExecStart=' 'none.service has no ExecStart=*'
run "$replyfrom" --unit
refused 'no name' '*'
run "$replyfrom" --unit plain.service other.service
refused 'two names' '*one NAME.service*'
run "$replyfrom" --unit no-such.service
refused 'no such unit' 'there is no no-such.service in *'
for name in plain .service ../plain.service 'a b.service' '' '*.service' plain.socket; do
	run "$replyfrom" --unit "$name"
	refused "bad name '$name'" "'*' is no name of a service*NAME.service*"
done
run "$replyfrom" --install echo started
refused '--install alone' '*--unit*'
run "$replyfrom" --ports 0 --unit plain.service
refused 'a bad setting' 'REPLYFROM_PORTS*'

run "$replyfrom" --ports 69 --unit plain.service
printed=$out
run "$replyfrom" --ports 69 --unit --install plain.service
same '--install: 0 and no word of trouble' '0 ' "$status $err"
same '--install writes what --unit prints' "$printed" "$(cat etc/plain.service.d/replyfrom.conf)"
like '--install says how to undo it' "*rm $work/etc/plain.service.d/replyfrom.conf*daemon-reload*" "$out"
run "$replyfrom" --ports 69 --unit --install plain.service
same '--install again: the same' "$printed" "$(cat etc/plain.service.d/replyfrom.conf)"
same 'and leaves nothing else' replyfrom.conf "$(ls etc/plain.service.d)"
: >etc/many@one.service.d
run "$replyfrom" --unit --install many@one.service
same '--install: a folder that cannot be made: 125' 125 "$status"
like '--install: a folder that cannot be made: says so' '*cannot make*' "$err"
finish
