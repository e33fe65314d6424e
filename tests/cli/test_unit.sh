#!/bin/sh
# SPDX-License-Identifier: MIT
# --unit: the drop-in for a systemd service, from units and drop-ins of all shapes.

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

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

# Whatever a unit can say of LD_PRELOAD is kept, or it is an error: it is never overridden without a word.
for value in "'LD_PRELOAD=/x.so'" "A=b 'LD_PRELOAD=/x.so' C=d" 'LD_PRELOAD="/x.so"' "LD_PRELOAD='/x.so'" \
	'"A=\"LD_PRELOAD=/y.so" LD_PRELOAD=/x.so' 'LD_PRELOAD=\x2fx.so' 'LD_PRELOAD=/y.so LD_PRELOAD=/x.so' \
	'"A=b LD_PRELOAD=/y.so" LD_PRELOAD=/x.so' "LD_PRELOAD=/x.so 'A=LD_PRELOAD=/y.so'"; do
	unit lib/words.service "ExecStart=$work/program" "Environment=$value"
	settings words.service
	environment "the unit's own LD_PRELOAD stays: $value" "$real:/x.so"
done
# shellcheck disable=SC1003 # the line ends so
unit lib/words.service "ExecStart=$work/program" 'Environment=A=b \' '# a remark' '  "LD_PRELOAD=/x.so" \' '  C=d'
settings words.service
environment "the unit's own LD_PRELOAD stays: continued lines" "$real:/x.so"
unit lib/words.service "ExecStart=$work/program" 'Environment="LD_PRELOAD=%h/a b.so"'
settings words.service
environment "the unit's own LD_PRELOAD stays: a specifier" "$real:%h/a b.so"
for value in "$real" "$real:/x.so" "/x.so $real" '/elsewhere/libreplyfrom.so:/x.so'; do
	unit lib/words.service "ExecStart=$work/program" "Environment='LD_PRELOAD=$value'"
	settings words.service
	case $value in *x.so*) kept=:/x.so ;; *) kept= ;; esac
	environment "the library is there once: $value" "$real$kept"
done
unit lib/words.service "ExecStart=$work/program" 'Environment="A=b LD_PRELOAD=/x.so"' 'Environment=B="LD_PRELOAD=/x.so"'
settings words.service
environment 'what only looks like one in quotes' "$real"
unit lib/words.service '[Install]' 'Environment=LD_PRELOAD=/x.so' '[Service]' "ExecStart=$work/program"
settings words.service
environment 'what is in another section' "$real"
unit lib/over-all.service "ExecStart=$work/program"
unit lib/over-.service.d/10-x.conf 'Environment=LD_PRELOAD=/prefix.so'
settings over-all.service
environment 'a drop-in for a prefix of the name' "$real:/prefix.so"
unit lib/other.service "ExecStart=$work/program"
unit etc/service.d/10-x.conf 'Environment=LD_PRELOAD=/any.so'
settings other.service
environment 'a drop-in for all services' "$real:/any.so"
rm -r etc/service.d
unit etc/many@.service.d/10-x.conf 'Environment=LD_PRELOAD=/template.so'
unit lib/many@.service "ExecStart=$work/program %i"
settings many@one.service
environment 'a drop-in for a template' "$real:/template.so"
rm -r etc/many@.service.d
ln -s ../lib/named.service etc/called.service
unit lib/named.service "ExecStart=$work/program"
unit etc/named.service.d/10-x.conf 'Environment=LD_PRELOAD=/named.so'
settings called.service
environment 'a drop-in for the other name of an alias' "$real:/named.so"

# wins TITLE PATTERN LINE...: a unit with these lines is refused.
wins() {
	title=$1
	pattern=$2
	shift 2
	unit lib/wins.service "ExecStart=$work/program" "$@"
	run "$replyfrom" --unit --install wins.service
	refused "$title" "wins.service: $pattern"
	same "$title: nothing is written" no "$([ -e etc/wins.service.d/replyfrom.conf ] && echo yes || echo no)"
}
wins 'UnsetEnvironment=' '*UnsetEnvironment= removes LD_PRELOAD;*' 'UnsetEnvironment=A LD_PRELOAD'
wins 'UnsetEnvironment= in quotes' '*UnsetEnvironment=*' 'UnsetEnvironment="LD_PRELOAD"'
REPLYFROM_PORTS=53 wins 'UnsetEnvironment= of a setting' '*removes REPLYFROM_PORTS;*' 'UnsetEnvironment=REPLYFROM_PORTS'
unit lib/wins.service "ExecStart=$work/program" 'UnsetEnvironment=LD_PRELOAD' 'UnsetEnvironment=' 'UnsetEnvironment=A LD_PRELOAD=/y.so'
settings wins.service
environment 'UnsetEnvironment= that was taken back' "$real"
printf '# LD_PRELOAD=/no.so\nA=b\n LD_PRELOAD = "/x.so"\n' >file.env
printf 'A=b\\\nLD_PRELOAD=/no.so\n' >harmless.env
printf 'LD_PRELOAD="/opt/replyfrom/libreplyfrom.so:/x.so"\n' >ours.env
wins 'EnvironmentFile= with LD_PRELOAD=' "*EnvironmentFile=$work/file.env sets LD_PRELOAD*" "EnvironmentFile=-$work/file.env"
wins 'EnvironmentFile= with a pattern' "*EnvironmentFile=$work/file.env sets LD_PRELOAD*" "EnvironmentFile=$work/f*.env"
wins 'EnvironmentFile= in quotes' "*EnvironmentFile=$work/file.env sets LD_PRELOAD*" "EnvironmentFile='$work/file.env'"
printf 'REPLYFROM_PORTS=1\nREPLYFROM_DISABLE=1\n' >settings.env
REPLYFROM_PORTS=53 wins 'EnvironmentFile= with a setting' '*sets REPLYFROM_PORTS*' "EnvironmentFile=$work/settings.env"
wins 'EnvironmentFile= switches it off' '*REPLYFROM_DISABLE=1*' "EnvironmentFile=$work/settings.env"
wins 'the unit switches it off' '*REPLYFROM_DISABLE=1*' 'Environment=REPLYFROM_DISABLE=1'
for file in harmless ours; do
	unit lib/wins.service "ExecStart=$work/program" "EnvironmentFile=$work/$file.env"
	settings wins.service
	environment "EnvironmentFile=: $file" "$real"
	like "EnvironmentFile=: $file: a note" '*# EnvironmentFile=: overrides this drop-in; *another library.*' "$out"
done
unit etc/wins.service.d/zz.conf 'Environment=LD_PRELOAD=/late.so'
wins 'a drop-in that comes after ours' "*zz.conf*"
unit etc/wins.service.d/zz.conf 'Environment='
wins 'a drop-in after ours that takes all back' "*zz.conf*"
unit etc/wins.service.d/zz.conf 'Environment=A=b'
unit lib/wins.service "ExecStart=$work/program" 'Environment=LD_PRELOAD=/early.so'
settings wins.service
environment 'a harmless drop-in after ours' "$real:/early.so"
unit lib/pass.service "ExecStart=$work/program" 'PassEnvironment=A LD_PRELOAD'
settings pass.service
like 'a note on PassEnvironment=' '*# PassEnvironment=LD_PRELOAD: *' "$out"

# What is looked at is the program that is started.
for value in "$work/program" "-$work/program x" "@$work/program name" "+!!:$work/program" \
	"\"$work/program\" x" "'$work/program' x" "-\"$work/program\" x" "\"-$work/program\"" "+!-'$work/program'" \
	"\"$work/pro\"gram"; do
	unit lib/signs.service "ExecStart=$value"
	settings signs.service
	like "ExecStart=$value" "*# $work/program can be started*" "$out"
done
cp program 'a program'
for value in "\"$work/a program\" x" "'$work/a program'" "$work/a\\x20program" "$work/a\\sprogram"; do
	unit lib/signs.service "ExecStart=-$value"
	settings signs.service
	like "ExecStart=-$value" "*# $work/a program can be started*" "$out"
done

# The program behind a wrapper is looked at as well.
write_receiver
# shellcheck disable=SC2086 # CC may have options
$CC -o wrapped receiver.c || exit 99
# shellcheck disable=SC2016 # perl and the script expand it
printf '#!/usr/bin/perl\nmy $memcached = "%s/wrapped";\nexec $memcached @ARGV;\n' "$work" >wrapper
chmod +x wrapper
unit lib/wrapped.service "ExecStart=$work/wrapper x"
if command -v perl >/dev/null; then
	settings wrapped.service
	like 'a script of perl: perl' '*# *perl* can be *' "$out"
	like 'a script of perl: the program that it starts' "*# $work/wrapped can be helped*" "$out"
fi
for value in "/usr/bin/env A=b $work/wrapped" "nice -n 5 $work/wrapped x" "/bin/sh -c \"exec $work/wrapped -x\"" \
	"/bin/sh -c '$work/wrapped; true'"; do
	unit lib/behind.service "ExecStart=$value"
	settings behind.service
	like "ExecStart=$value" "*# $work/wrapped can be helped*" "$out"
done
for value in "/bin/sh -c 'cd / && ./x'" '/usr/bin/env nothing'; do
	unit lib/behind.service "ExecStart=$value"
	settings behind.service
	like "ExecStart=$value: says what was not seen" '*# What it starts was not examined*' "$out"
done
# What a generator makes of an init script, and the script alone.
# shellcheck disable=SC2016
printf '#!/bin/sh\nDAEMON="%s/wrapped"\nstart-stop-daemon --exec $DAEMON\n' "$work" >sysv
chmod +x sysv
unit lib/sysv.service "ExecStart=$work/sysv start"
sed -i "s|^\[Unit]|&\nSourcePath=$work/sysv|" lib/sysv.service
settings sysv.service
like 'a unit of an init script: its program' "*# $work/wrapped can be helped*" "$out"
environment 'a unit of an init script' "$real"
mkdir init.d
mv sysv init.d/script
SYSTEMD_SYSVINIT_PATH=$work/init.d settings script.service
like 'an init script' "*# $work/wrapped can be helped*" "$out"
like 'an init script: where the drop-in belongs' "*# $work/etc/script.service.d/replyfrom.conf*" "$out"
ln -s /dev/null etc/masked.service
unit lib/masked.service "ExecStart=$work/program"
run "$replyfrom" --unit masked.service
refused 'a masked unit' 'masked.service is masked*'
mkdir inside
cp program inside/
unit lib/inside.service 'ExecStart=/program' "RootDirectory=$work/inside"
settings inside.service
like 'a program inside RootDirectory=' "*# $work/inside/program can be *" "$out"
unit lib/inside.service 'ExecStart=/nothing/here' 'RootImage=/x'
settings inside.service
like 'a program inside RootImage=' '0 *# /nothing/here was not examined*' "$status $out"

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
like 'a path that only systemd knows' '0 *%h/program was not examined*' "$status $out"

for line in 'SystemCallFilter=@system-service' 'EnvironmentFile=-/etc/x' 'SELinuxContext=x'; do
	unit lib/hard.service "ExecStart=$work/program" "$line"
	settings hard.service
	like "a note on $line" "*# ${line%%=*}=: *" "$out"
done
unit lib/hard.service "ExecStart=$work/program" 'RootDirectory=/srv'
settings hard.service
like 'RootDirectory=: the library is brought inside' "*BindReadOnlyPaths=\"${real%/*}\"*" "$lines"
unit lib/hard.service "ExecStart=$work/program" 'NoExecPaths=/'
settings hard.service
like 'NoExecPaths=: the library may be mapped' "*ExecPaths=\"${real%/*}\"*" "$lines"
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
like '--install says how to undo it' "*replyfrom --unit --remove plain.service*daemon-reload*" "$out"
like '--install says how to undo it by hand' "*rm $work/etc/plain.service.d/replyfrom.conf; rmdir $work/etc/plain.service.d" "$out"
run "$replyfrom" --ports 69 --unit --install plain.service
same '--install again: the same' "$printed" "$(cat etc/plain.service.d/replyfrom.conf)"
same 'and leaves nothing else' replyfrom.conf "$(ls etc/plain.service.d)"

# --list and --remove
unit etc/hand.service.d/override.conf "Environment=LD_PRELOAD=$real"
unit etc/lost.service.d/override.conf 'Environment="LD_PRELOAD=/gone/libreplyfrom.so:/x.so"'
unit etc/remark.service.d/override.conf '# Environment="LD_PRELOAD=/gone/libreplyfrom.so'
run "$replyfrom" --unit --list
same '--list' "0 hand.service  $work/etc/hand.service.d/override.conf  (by hand)
lost.service  $work/etc/lost.service.d/override.conf  (by hand)  (its library is missing)
plain.service  $work/etc/plain.service.d/replyfrom.conf" "$status $(printf '%s\n' "$out" | sort)"
run "$replyfrom" --unit --list plain.service
refused '--list with a name' '*--list takes no name*'
run "$replyfrom" --unit --remove plain.service
same '--remove: 0 and no word of trouble' '0 ' "$status $err"
like '--remove says what to do' "Removed: $work/etc/plain.service.d/replyfrom.conf*systemctl daemon-reload*" "$out"
same '--remove leaves nothing' no "$([ -e etc/plain.service.d ] && echo yes || echo no)"
run "$replyfrom" --unit --remove plain.service
refused '--remove: there is none' 'plain.service has no drop-in of --install*--list*'
run "$replyfrom" --unit --install plain.service
: >etc/plain.service.d/other.conf
rm lib/plain.service etc/plain.service
run "$replyfrom" --unit --remove plain.service
same '--remove: the unit is gone, and the folder has others' '0 other.conf' "$status $(ls etc/plain.service.d)"
echo '[Service]' >etc/plain.service.d/replyfrom.conf
run "$replyfrom" --unit --remove plain.service
refused '--remove leaves what it has not written' '*was not written by --install*'

# The printed commands, as a shell reads them.
unit lib/many@.service "ExecStart=$work/program %i"
unit 'lib/a\x2db.service' "ExecStart=$work/program"
for name in 'a\x2db.service' many@.service; do
	restarted=$(printf '%s' "$name" | sed 's/@/@*/')
	run "$replyfrom" --unit --install "$name"
	undo=$(printf '%s\n' "$out" | sed -n 's/^To undo it: replyfrom \(.*\) && systemctl daemon-reload && .*/\1/p')
	eval "run \"\$replyfrom\" $undo"
	same "$name: --install prints what removes it" '0 ' "$status $err"
	same "$name: --remove prints what restarts it" "systemctl restart '$restarted'" \
		"$(printf '%s\n' "$out" | sed -n 's/.*daemon-reload && //p')"
done
folder=$work/stray
export folder
run "$replyfrom" --unit --install many@.service
unset folder
same 'a variable named folder has no effect' "0 $work/etc/many@.service.d/replyfrom.conf" \
	"$status $(find "$work" -path '*/many@*' -name replyfrom.conf)"
rm -r lib/many@.service etc/many@.service.d 'lib/a\x2db.service'

# The package's script before the library is removed.
prerm=$abs_top_srcdir/debian/libreplyfrom.prerm
if [ -e "$prerm" ]; then
	unit lib/plain.service "ExecStart=$work/program"
	rm etc/plain.service.d/replyfrom.conf
	run "$replyfrom" --unit --install plain.service
	# shellcheck disable=SC2094 # two files
	sed "s|/usr/lib/\*/replyfrom/|$work/tree/scripts/|" "$prerm" >prerm
	for action in remove upgrade; do
		run sh prerm $action
		case $action in
		remove) like 'removing the package names the units' \
			"0 *plain.service  $work/etc/plain.service.d/replyfrom.conf*rm \"$work/etc/plain.service.d/replyfrom.conf\"*" \
			"$status $err" ;;
		*) same "$action of the package says nothing" '0 ' "$status $err$out" ;;
		esac
	done
	DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT=2 run sh prerm remove
	same 'another architecture of the package stays' '0 ' "$status $err"
	rm -r etc/plain.service.d etc/hand.service.d etc/lost.service.d
	run sh prerm remove
	same 'no unit has the library' '0 ' "$status $err"
fi
for pair in '--install --remove' '--remove --list' '--list --install'; do
	# shellcheck disable=SC2086 # two options
	run "$replyfrom" --unit $pair plain.service
	refused "$pair" 'only one of *'
done
run "$replyfrom" --remove plain.service
refused '--remove alone' '*go with --unit only'
run "$replyfrom" --list
refused '--list alone' '*go with --unit only'
run "$replyfrom" --unit --remove ../plain.service
refused '--remove: a bad name' "*is no name of a service*"

# Where systemd runs it is asked: it knows of generated and transient units, and of all drop-ins.
if [ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null; then
	mkdir -p running bin asked
	cat >bin/systemctl <<-'END'
		#!/bin/sh
		# what systemctl answers to `show -p PROPERTY -- NAME` and to show-environment
		[ "$1" = show ] || { cat "$asked/environment"; exit; }
		printf '%s=%s\n' "$3" "$(cat "$asked/$5/$3" 2>/dev/null)"
	END
	cat >within <<-'END'
		#!/bin/sh
		# within COMMAND...: systemd runs here
		mkdir -p /run/systemd
		mount -t tmpfs none /run/systemd && mkdir /run/systemd/system
		unset SYSTEMD_UNIT_PATH
		exec "$@"
	END
	chmod +x bin/systemctl within
	# known NAME PROPERTY=VALUE...
	known() {
		name=$1
		shift
		mkdir -p "asked/$name"
		for property; do printf '%s\n' "${property#*=}" >"asked/$name/${property%%=*}"; done
	}
	asked=$work/asked
	export asked
	unit running/tr.service "ExecStart=$work/wrapper"
	unit running/50-a.conf 'Environment=LD_PRELOAD=/x.so'
	unit running/zz.conf 'Environment=A=b'
	unit running/replyfrom.conf 'Environment=LD_PRELOAD=/old/libreplyfrom.so'
	cp wrapped running/real
	known tr.service LoadState=loaded "FragmentPath=$work/running/tr.service" \
		"DropInPaths=$work/running/zz.conf $work/running/replyfrom.conf $work/running/50-a.conf"
	: >asked/environment
	run unshare --mount ./within env PATH="$work/bin:$PATH" "$replyfrom" --unit tr.service
	lines=$(printf '%s\n' "$out" | grep -v '^#')
	environment 'a transient unit' "$real:/x.so"
	like 'a transient unit: the drop-in belongs to /etc' '*# /etc/systemd/system/tr.service.d/replyfrom.conf*' "$out"
	rm asked/tr.service/DropInPaths
	echo 'LD_PRELOAD=/manager.so' >asked/environment
	run unshare --mount ./within env PATH="$work/bin:$PATH" "$replyfrom" --unit tr.service
	lines=$(printf '%s\n' "$out" | grep -v '^#')
	environment 'what systemd gives all services' "$real:/manager.so"
	unit running/zz.conf 'Environment=LD_PRELOAD=/late.so'
	known tr.service "DropInPaths=$work/running/zz.conf"
	run unshare --mount ./within env PATH="$work/bin:$PATH" "$replyfrom" --unit tr.service
	refused 'a drop-in of a transient unit that comes after ours' "tr.service: *zz.conf*"
	known tr.service DropInPaths= "MainPID=$$"
	run unshare --mount ./within env PATH="$work/bin:$PATH" "$replyfrom" --unit tr.service
	# shellcheck disable=SC2094 # nothing is written
	like 'what runs now is looked at' "*# $(readlink "/proc/$$/exe") can be started*" "$out"
	known gone.service LoadState=not-found
	run unshare --mount ./within env PATH="$work/bin:$PATH" "$replyfrom" --unit gone.service
	refused 'systemd knows of none' 'there is no gone.service in *'
	known off.service LoadState=masked
	run unshare --mount ./within env PATH="$work/bin:$PATH" "$replyfrom" --unit off.service
	refused 'systemd knows that it is masked' 'off.service is masked*'
else
	unavailable 'where systemd runs' 'no mount namespaces are to be had'
fi
# --- The BPF engine: a script stands for it ---

mkdir -p tree/bpf
# engine ANSWER STATUS: what its check says last
engine() {
	printf '#!/bin/sh\necho "%s"\nexit %s\n' "$1" "$2" >tree/bpf/replyfrom-bpf
	chmod +x tree/bpf/replyfrom-bpf
}
works='the BPF engine can work here'
unit lib/plain.service "ExecStart=$work/program"
rm -rf etc/plain.service.d
run "$replyfrom" --engine bpf --unit --install plain.service
refused 'bpf: not installed' 'plain.service: *replyfrom-attach@.service are not installed (package replyfrom-bpf, *'
unit lib/replyfrom-attach@.service 'ExecStart=replyfrom-bpf attach %i.service'
engine 'replyfrom: the BPF engine cannot work here: CAP_BPF is missing' 125
run "$replyfrom" --engine bpf --unit --install plain.service
refused 'bpf: it cannot work' 'plain.service: the BPF engine cannot work here: CAP_BPF is missing'
same 'bpf: it cannot work: nothing is written' no "$([ -e etc/plain.service.d ] && echo yes || echo no)"
settings plain.service --engine bpf
like 'bpf: it cannot work here: a note' '*# On this host now: *CAP_BPF is missing*' "$out"
engine "$works" 0
settings plain.service --engine bpf
wanted="[Unit]${newline}Wants=replyfrom-attach@plain.service"
same 'bpf: a plain unit' "0 $wanted" "$status$err $lines"
like 'bpf: tells how to undo it' "*stop 'replyfrom-attach@plain.service'*" "$out"
settings plain.service --engine bpf --ports 53 --log info
same 'bpf: settings are for the engine' \
	"$wanted${newline}[Service]${newline}Environment=\"REPLYFROM_LOG=info\"${newline}Environment=\"REPLYFROM_PORTS=53\"" "$lines"
settings plain.service
environment 'auto is the library, where that works' "$real"
printf '[Socket]\n' >lib/plain.socket
settings plain.service --engine bpf
like 'bpf: sockets that systemd hands over' '*# plain.socket: sockets that systemd passes to the service are helped*' "$out"
rm lib/plain.socket
unit lib/many@.service "ExecStart=$work/program"
settings many@.service --engine bpf
same 'bpf: a template' "[Unit]${newline}Wants=replyfrom-attach@%N.service" "$lines"
run "$replyfrom" --engine bpf --ports 53 --unit many@.service
refused 'bpf: a template with settings' 'many@.service: *for each instance*'
settings many@one.service --engine bpf --ports 53
like 'bpf: an instance' "*Wants=replyfrom-attach@many@one.service*# $work/etc/replyfrom-attach@many@one.service.d/*PORTS=53*" "$out"
unit lib/hand.service "ExecStart=$work/program" 'Environment=LD_PRELOAD=/opt/libreplyfrom.so'
run "$replyfrom" --engine bpf --unit hand.service
refused 'bpf: the unit brings the library by itself' 'hand.service: its LD_PRELOAD names the library; remove it first*'
for setting in --source=192.0.2.1 --follow-tcp; do
	run "$replyfrom" $setting --engine bpf --unit --install plain.service
	refused "bpf: $setting" 'plain.service: the BPF engine does not know REPLYFROM_*'
done

# A program that the library cannot help.
{ printf '\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\10\0\1\0\0\0'; head -c 40 /dev/zero; } >foreign
chmod +x foreign
unit lib/foreign.service "ExecStart=$work/foreign"
settings foreign.service
same 'auto is the BPF engine where the library cannot work' "0 [Unit]${newline}Wants=replyfrom-attach@foreign.service" \
	"$status$err $lines"
like 'auto says why' '*# The BPF engine, since the library cannot work: *' "$out"
run "$replyfrom" --engine preload --unit foreign.service
refused 'preload: the library cannot work' 'foreign.service: *cannot be helped*'
engine 'replyfrom: the BPF engine cannot work here: CAP_BPF is missing' 125
run "$replyfrom" --unit foreign.service
refused 'auto: neither can' 'foreign.service: *cannot be helped*; the BPF engine cannot work here: CAP_BPF is missing'
engine "$works" 0

# From one engine to the other and back.
files() {
	find etc -path '*plain.service*' -type f | sort | tr '\n' ' '
}
run "$replyfrom" --ports 53 --engine bpf --unit --install plain.service
like 'bpf --install' "0 Written: $work/etc/plain.service.d/replyfrom.conf${newline}Written: \
$work/etc/replyfrom-attach@plain.service.d/replyfrom.conf*daemon-reload && systemctl start 'replyfrom-attach@plain.service'*" \
	"$status$err $out"
run "$replyfrom" --unit --list
like 'bpf --list' "*plain.service  $work/etc/plain.service.d/replyfrom.conf  (engine bpf)$newline*" "$out$newline"
run "$replyfrom" --engine bpf --unit --install plain.service
same 'bpf --install without settings takes the old ones away' 'etc/plain.service.d/replyfrom.conf ' "$(files)"
run "$replyfrom" --ports 53 --engine bpf --unit --install plain.service
run "$replyfrom" --unit --install plain.service
same 'the library takes the place of the BPF engine' 'etc/plain.service.d/replyfrom.conf ' "$(files)"
like 'the library takes its place: what to do' \
	"*stop 'replyfrom-attach@plain.service' && systemctl restart 'plain.service'*" "$out"
like 'the library takes its place: the drop-in' '*LD_PRELOAD=*' "$(cat etc/plain.service.d/replyfrom.conf)"
run "$replyfrom" --ports 53 --engine bpf --unit --install plain.service
like 'the BPF engine takes the place of the library: what to do' "*reload && systemctl restart 'plain.service'*" "$out"
run "$replyfrom" --unit --remove plain.service
like 'bpf --remove' "0 Removed: *Removed: *systemctl stop 'replyfrom-attach@plain.service'" "$status$err $out"
same 'bpf --remove leaves nothing' ' no' "$(files) $([ -e etc/plain.service.d ] && echo yes || echo no)"
mkdir -p etc/plain.service.wants
ln -s "$work/lib/replyfrom-attach@.service" etc/plain.service.wants/replyfrom-attach@plain.service
run "$replyfrom" --unit --list
like 'bpf --list: by systemctl enable' "*plain.service  $work/etc/plain.service.wants/*  (engine bpf)  (by hand)*" "$out"
rm -r etc/plain.service.wants

: >etc/many@one.service.d
run "$replyfrom" --unit --install many@one.service
same '--install: a folder that cannot be made: 125' 125 "$status"
like '--install: a folder that cannot be made: says so' '*cannot make*' "$err"
finish
