#!/bin/sh
# SPDX-License-Identifier: MIT
# --status: counters and sockets of processes while they run, whatever libc and ABI they have.

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

cd "$work" || exit 99
# shellcheck disable=SC2086 # CC may have options
compile_server server $CC || exit 99
mkfifo input output

# ask NUMBER: so many questions at an address that the kernel would not answer from
ask() {
	for _ in $(seq "$1"); do
		"$replyfrom" --probe "127.0.0.2:$port" >/dev/null || remark 'no right answer'
	done
}

# row: the line of $server in the table, spaces squeezed
row() {
	printf '%s\n' "$out" | grep "^$server " | tr -s ' '
}

serve "$replyfrom" ./server
run "$replyfrom" --status "$server"
same 'nothing asked yet' "$server server at work 0 0 1 0 0 0 0.0.0.0:$port" "$(row)"
same '0 and no word of trouble' '0 ' "$status $err"
like 'the columns' 'PROCESS *PROGRAM *LIBRARY *LEARNT *SOURCED *BARE *REFUSED *FORGOTTEN *CONNECTS *BOUND TO*' \
	"$out"
ask 3
run "$replyfrom" --status "$server"
same 'three answers' "$server server at work 3 3 1 0 0 0 0.0.0.0:$port" "$(row)"
same 'the table is aligned' 1 "$(printf '%s\n' "$out" |
	awk '{ print match($0, /  (BOUND|0\.0\.0\.0)/) }' | sort -u | wc -l)"
ask 1
run "$replyfrom" --status --json "$server"
version=$("$replyfrom" --version)
same 'JSON' "[{\"pid\": $server, \"program\": \"server\", \"library\": \"working\", \"version\": \
\"${version#* }\", \"replaced\": false, \"ports\": null, \"profile\": null, \
\"sockets\": [{\"address\": \"0.0.0.0\", \"port\": $port, \"received\": true, \"state\": \"helped\"}], \
\"notes\": [], \"counters\": {\"learnt\": 4, \"sourced\": 4, \"bare\": 1, \"refused\": 0, \"forgotten\": 0, \
\"connects\": 0}}]" "$(printf '%s\n' "$out" | tr -d '\n' | tr -s ' ')"
run "$replyfrom" --status --all
same '--all has it' "$server server at work 4 4 1 0 0 0 0.0.0.0:$port" "$(row)"
same '--all: 0 and no word of trouble' '0 ' "$status $err"
same '--all has none without the library' '' "$(printf '%s\n' "$out" | grep "^$$ ")"
run "$replyfrom" --status "$$" "$server"
same 'the library is not in all of them: 1' '1 ' "$status $err"
like 'one without it' "*$newline$$ *not loaded * - *$newline$server *at work*" "$out"
run "$replyfrom" --status --json "$$"
like 'one without it: JSON' '*"library": "absent", "version": null,*"counters": null}]' "$out"
if [ -x /usr/bin/python3 ]; then
	run "$replyfrom" --status --json "$$" "$server"
	same 'sound JSON' 2 "$(printf '%s' "$out" |
		/usr/bin/python3 -c 'import json, sys; print(len(json.load(sys.stdin)))')"
	run "$replyfrom" --status --json --all
	same 'sound JSON of --all' 0 "$(printf '%s' "$out" | /usr/bin/python3 -m json.tool >/dev/null; echo $?)"
fi
stop

serve ./server
run "$replyfrom" --status "$server"
same 'a server without the library' "$server server not loaded - - - - - - 0.0.0.0:$port" "$(row)"
same 'a server without the library: 1' '1 ' "$status $err"
like 'a server without the library: why' '*LD_PRELOAD in its environment does not name the library' "$out"
stop

# Not by the wrapper, which would leave the library out.
serve env REPLYFROM_DISABLE=1 LD_PRELOAD="$library" ./server
run "$replyfrom" --status "$server"
same 'switched off' "$server server switched off - - - - - - 0.0.0.0:$port" "$(row)"
stop

serve "$replyfrom" ./server fork
ask 1
read -r child <&4
run "$replyfrom" --status "$server" "$child"
same 'a forked child begins with what its parent had' "1 1" "$(printf '%s\n' "$out" |
	awk -v child="$child" '$1 == child { print $5, $6 }')"
same 'the parent' "$server server at work 1 1 1 0 0 0 0.0.0.0:$port" "$(row)"
ask 2
run "$replyfrom" --status "$server" "$child"
same 'then each counts for itself' "1 1 3 3" "$(printf '%s\n' "$out" |
	awk 'NR > 1 { print $5, $6 }' | xargs)"
stop

# notes TITLE PATTERN WORD: what the last run said below the row of $server, and the word for it in JSON
notes() {
	like "$1" "*$newline          $2*" "$newline$(printf '%s\n' "$out" | grep '^         ')"
	run "$replyfrom" --status --json "$server"
	like "$1: JSON" "*\"note\": \"$3\", \"text\": \"*" "$out"
	if [ -x /usr/bin/python3 ]; then
		same "$1: sound JSON" 0 "$(printf '%s' "$out" | /usr/bin/python3 -m json.tool >/dev/null; echo $?)"
	fi
}
# What a port that the kernel would not choose can be, in a lab of one's own.
low=7070

serve env REPLYFROM_DISABLE=1 LD_PRELOAD="$library" ./server
run "$replyfrom" --status "$server"
notes 'switched off: why' 'REPLYFROM_DISABLE=1 is in its environment' disabled
stop
serve env REPLYFROM_DISABLE=1 "$replyfrom" ./server
run "$replyfrom" --status "$server"
notes 'switched off, by the wrapper: why' 'REPLYFROM_DISABLE=1 is in its environment' disabled
stop
serve "$replyfrom" --ports 1,3-5 ./server
ask_plainly() {
	"$replyfrom" --probe "127.0.0.1:$port" >/dev/null || remark 'no answer'
}
ask_plainly
run "$replyfrom" --status "$server"
same 'a port that is left out' "0 $server server at work 0 0 0 0 0 0 0.0.0.0:$port" "$status $(row)"
notes 'a port that is left out: why the counts are 0' "port $port: left out by REPLYFROM_PORTS=1,3-5, so not counted" excluded
like 'a port that is left out: its state' '*"ports": "1,3-5",*"state": "excluded"}*' "$out"
stop
if [ "$(id -u)" = 0 ]; then
	for mode in raw kernel; do
		serve "$replyfrom" ./server $mode
		run "$replyfrom" --status "$server"
		same "$mode: nothing came, and nothing is said" '' "$(printf '%s\n' "$out" | grep '^         ')"
		ask_plainly
		run "$replyfrom" --status "$server"
		same "$mode: at work" "0 at work 0" "$status $(row | cut -d ' ' -f 3-5)"
		notes "$mode: but sees no datagrams" "works, but sees no datagrams: port $port received some*" blind
		like "$mode: datagrams came" '*"received": true,*' "$out"
		stop
	done
	serve "$replyfrom" ./server
	run "$replyfrom" --status --json "$server"
	like 'no datagram came' '*"received": false, "state": "helped"*"notes": \[],*' "$out"
	stop
	serve "$replyfrom" ./server deaf
	printf x | timeout 5 "$replyfrom" sh -c 'exec 3<>/dev/null' # a moment
	if command -v bash >/dev/null; then
		bash -c "printf x >/dev/udp/127.0.0.1/$port"
		run "$replyfrom" --status "$server"
		notes 'a datagram that nobody has read' "port $port: datagrams wait*" waiting
	fi
	stop
	serve "$replyfrom" ./server child
	read -r child <&4
	ask 1
	run "$replyfrom" --status "$server"
	same 'a child reads, and its parent is not blamed' '' "$(printf '%s\n' "$out" | grep '^         ')"
	like 'its parent saw nothing' "$server server at work 0 *" "$(row)"
	stop
	# A socket that the library has not met, beside counts of another: the port tells it from a client's.
	if unshare --net true 2>/dev/null; then
		cat >lab <<-END
			#!/bin/sh
			ip link set lo up && exec "$replyfrom" ./server kernel $low
		END
		chmod +x lab
		serve unshare --net ./lab
		port=$low
		nsenter --net="/proc/$server/ns/net" bash -c "printf x >/dev/udp/127.0.0.1/$low" 2>/dev/null
		nsenter --net="/proc/$server/ns/net" "$replyfrom" --probe "127.0.0.1:$low" >/dev/null
		run "$replyfrom" --status "$server"
		notes 'in another network namespace: sees no datagrams' 'works, but sees no datagrams: port 7070 *another process does' blind
		run nsenter --net="/proc/$server/ns/net" "$replyfrom" --scan
		like 'in another network namespace: --scan' '*:7070 *has replyfrom, which has not helped*' "$out"
		stop
	fi
else
	unavailable 'what the sockets received' 'needs root'
fi
serve ./server zombie
read -r child <&4
until grep -q 'State:.*Z' "/proc/$child/status"; do :; done
run "$replyfrom" --status "$child"
like 'a zombie is gone' "1 *$newline$child *gone *" "$status $out"
stop
serve env LD_PRELOAD="$work/none/libreplyfrom.so" ./server 2>loader
run "$replyfrom" --status "$server"
same 'a library that was not there' "$server server not loaded - - - - - - 0.0.0.0:$port" "$(row)"
notes 'a library that was not there: why' "LD_PRELOAD names $work/none/libreplyfrom.so, which it cannot read: No such*" missing
stop
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	mkdir -m 700 closed
	cp "$library" closed/
	serve setpriv --reuid=65534 --regid=65534 --clear-groups env LD_PRELOAD="$work/closed/libreplyfrom.so" ./server 2>loader
	run "$replyfrom" --status "$server"
	notes 'a folder that its user may not enter' \
		"LD_PRELOAD names $work/closed/libreplyfrom.so, which it cannot read: Permission denied" missing
	stop
fi
# A FUSE mount that nobody serves: whatever touches it waits for good.
if [ "$(id -u)" = 0 ] && [ -w /dev/fuse ] && [ -x /usr/bin/python3 ] && unshare --mount true 2>/dev/null; then
	mkdir silent
	mkfifo mounts
	cat >silent.py <<-END
		import ctypes, os, signal
		fuse = os.open('/dev/fuse', os.O_RDWR)
		options = b'fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other' % fuse
		result = ctypes.CDLL(None, use_errno=True).mount(b'none', b'$work/silent', b'fuse', 0, options)
		print(os.strerror(ctypes.get_errno()) if result else 'mounted', flush=True)
		signal.pause()
	END
	serve unshare --mount env LD_PRELOAD="$work/silent/libreplyfrom.so" ./server 2>loader
	nsenter -t "$server" -m /usr/bin/python3 "$work/silent.py" >mounts &
	silent=$!
	read -r mounted <mounts
	if [ "$mounted" = mounted ]; then
		run timeout 60 "$replyfrom" --status "$server"
		notes 'a file system that does not answer' \
			"LD_PRELOAD names $work/silent/libreplyfrom.so, whose file system does not answer" missing
	else
		unavailable 'a file system that does not answer' "no FUSE mount: $mounted"
	fi
	kill "$silent"
	stop
else
	unavailable 'a file system that does not answer' 'needs root, /dev/fuse, python3 and mount namespaces'
fi
mkdir -p 'no"ne'
serve env LD_PRELOAD="$work/no\"ne/libreplyfrom.so" ./server 2>loader
run "$replyfrom" --status "$server"
notes 'a path that would spoil JSON' "LD_PRELOAD names $work/no?ne/libreplyfrom.so*" missing
stop
# shellcheck disable=SC2086
if compile_server static $CC -static 2>/dev/null; then
	serve env LD_PRELOAD="$library" ./static
	run "$replyfrom" --status "$server"
	notes 'a static program' 'it is statically linked*' static
	stop
fi
kernel=$(pgrep -x kthreadd || :)
if [ "$kernel" = 2 ]; then
	run "$replyfrom" --status 2
	like 'a thread of the kernel' '1 *not loaded*is a thread of the kernel' "$status $out"
else
	skip 'a thread of the kernel' 'none is to be seen here'
fi
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 4755 server
	serve setpriv --reuid=65534 --regid=65534 --clear-groups env LD_PRELOAD="$library" ./server
	chmod 755 server
	run "$replyfrom" --status "$server"
	notes 'a program that gained privileges' 'the loader ignores LD_PRELOAD: it gained privileges*' secure
	stop
	if unshare --mount sh -c "mkdir -p noexec && mount -t tmpfs -o noexec none noexec" 2>/dev/null; then
		cat >noexec.sh <<-END
			#!/bin/sh
			mount -t tmpfs -o noexec none "$work/noexec" && cp "$library" "$work/noexec/" &&
				LD_PRELOAD="$work/noexec/libreplyfrom.so" exec ./server
		END
		chmod +x noexec.sh
		serve unshare --mount ./noexec.sh 2>loader
		run "$replyfrom" --status "$server"
		same 'a noexec mount' "$server server not executable - - - - - - 0.0.0.0:$port" "$(row)"
		notes 'a noexec mount: why' 'the loader could not map it executable*' unusable
		run "$replyfrom" --status --all
		like 'a noexec mount: --all has it' "$server server not executable *" "$(row)"
		stop
	fi
fi

# The file on the disk may be another by now: what counts is what the process has.
make_tree tree
serve tree/tools/replyfrom ./server
rm tree/shim/libreplyfrom.so
ask 1
run "$replyfrom" --status "$server"
same 'a library that was replaced' "$server server at work 1 1 1 0 0 0 0.0.0.0:$port" "$(row)"
like 'and it says so' '*was replaced since; restart*' "$out"
run "$replyfrom" --status --json "$server"
like 'and in JSON' '*"replaced": true*' "$out"
stop

# preloaded TITLE LIBRARY SERVER EXPECTED
preloaded() {
	serve env LD_PRELOAD="$2" "$3"
	ask "$5"
	run "$replyfrom" --status "$server"
	same "$1" "$server ${3#./} $4 0.0.0.0:$port" "$(row)"
	stop
}

mkdir strange
echo 'int replyfrom_counters; const char replyfrom_version[] = "0.0.1";' >strange.c
# shellcheck disable=SC2086
$CC -shared -fPIC -o strange/libreplyfrom.so strange.c
preloaded 'a library with other counters' "$work/strange/libreplyfrom.so" ./server \
	'other version - - - - - -' 0
echo 'int stranger;' >strange.c
# shellcheck disable=SC2086
$CC -shared -fPIC -o strange/libreplyfrom.so strange.c
preloaded 'a library that is not ours' "$work/strange/libreplyfrom.so" ./server 'not loaded - - - - - -' 0
like 'and it says so' '*has a file mapped that is named so, but is not *' "$out"

# build_library COMPILER...: the library for another ABI or libc
build_library() {
	mkdir -p other
	version=$("$replyfrom" --version)
	"$@" -std=gnu11 -D_GNU_SOURCE -DPACKAGE_VERSION="\"${version#* }\"" -I"$abs_top_srcdir/shim" \
		-fPIC -fvisibility=hidden -ftls-model=initial-exec -shared -o other/libreplyfrom.so \
		"$abs_top_srcdir"/shim/*/*.[cS] -ldl 2>compiler
}

# other TITLE NAME COMPILER...
other() {
	title=$1
	name=$2
	shift 2
	if ! command -v "$1" >/dev/null || ! compile_server "$name" "$@" 2>compiler ||
		! "./$name" </dev/null >/dev/null; then
		unavailable "$title" 'no such programs can be made here'
	elif ! build_library "$@"; then
		result 'not ok' "$title: the library can be built"
		remark "$(cat compiler)"
	else
		preloaded "$title" "$work/other/libreplyfrom.so" "./$name" 'at work 2 2 1 0 0 0' 2
	fi
}

# The kernel's headers are the same for all, but not always found.
# shellcheck disable=SC2086
headers="-idirafter /usr/include/$($CC -print-multiarch) -idirafter /usr/include"
# shellcheck disable=SC2086
other musl musl musl-gcc $headers
# shellcheck disable=SC2086
case $(uname -m) in
x86_64) other '32-bit' narrow $CC -m32 $headers ;;
*) skip '32-bit' 'this machine has no second ABI' ;;
esac

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	serve "$replyfrom" ./server
	chmod 755 tree tree/* tree/*/*
	run setpriv --reuid=65534 --regid=65534 --clear-groups tree/tools/replyfrom-status text "$server"
	same 'of another user' "$server server hidden - - - - - - -" "$(row)"
	same 'of another user: 1' '1 ' "$status $err"
	like 'of another user: why' "*it may not be examined; be root: it is another user's" "$out"
	run setpriv --reuid=65534 --regid=65534 --clear-groups tree/tools/replyfrom-status text --all
	like '--all of another user' '*Processes that may not be examined; be root: [1-9]*' "$out"
	stop
	cp "$library" tree/shim/
	# One's own process that has more capabilities than one (AmbientCapabilities=) may not be looked into either.
	serve setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=+net_bind_service \
		--ambient-caps=+net_bind_service "$work/tree/tools/replyfrom" ./server
	run setpriv --reuid=65534 --regid=65534 --clear-groups tree/tools/replyfrom-status text "$server"
	like 'of more capabilities' '1 *hidden*be root: it has capabilities that you have not' "$status $out"
	stop
	if command -v unshare >/dev/null && unshare --net true 2>/dev/null; then
		serve unshare --net "$replyfrom" ./server
		run "$replyfrom" --status "$server"
		same 'in another network namespace' "$server server at work 0 0 0.0.0.0:$port" \
			"$(row | cut -d ' ' -f 1-6,11-)"
		stop
	else
		skip 'in another network namespace' 'there are none to be had'
	fi
else
	unavailable 'another user' 'needs root and setpriv'
fi

# bad TITLE PATTERN ARGUMENT...
bad() {
	title=$1
	pattern=$2
	shift 2
	run "$replyfrom" "$@"
	refused "$title" "$pattern"
}

serve ./server
stop
bad 'a process that is not there' "there is no process $server" --status "$server"
bad 'one of several that is not there' "there is no process $server" --status "$$" "$server"
for word in 0 -1 x 1x '' ' 1' 4294967297 99999999999999999999 all --json; do
	case $word in -*) bad "bad process id '$word'" '*' --status -- "$word" ;; *)
		bad "bad process id '$word'" "'$word' is no process id; allowed: *" --status "$word"
		;;
	esac
done
bad 'no process' '--status takes process ids, or --all' --status
bad 'both' '*not both' --status --all 1
bad '--all alone' '*--status only' --all true
bad '--all with a value' '*no value*' --status --all=1
bad '--status with a value' '*no value*' --status=1
finish
