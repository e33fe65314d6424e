#!/bin/sh
# SPDX-License-Identifier: MIT
# --scan: servers on the wildcard address as they are, behind replyfrom, and out of its reach.

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

cd "$work" || exit 99
# Binds to a port of its choice as its arguments say (4 or 6, any or one address), then does what the
# third one says, prints the port, and waits for the end of its input.
cat >server.c <<'END'
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kernel_call.h"
static int six, one;
/* Not by libc with `raw`: the library does not see it then. */
static int named(const char *mode, int wanted)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((unsigned short)wanted) };
	struct sockaddr_in6 own = { .sin6_family = AF_INET6, .sin6_port = four.sin_port };
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);

	four.sin_addr.s_addr = htonl(one ? INADDR_LOOPBACK : INADDR_ANY);
	if (!six)
		memcpy(&own, &four, sizeof(four));
	if (kernel_call(SYS_bind, strcmp(mode, "raw") ? -1 : fd, &own, six ? sizeof(own) : sizeof(four)) &&
	    bind(fd, (void *)&own, six ? sizeof(own) : sizeof(four)))
		exit(1);
	return fd;
}
static int port_of(int fd)
{
	struct sockaddr_in6 own;
	socklen_t length = sizeof(own);

	getsockname(fd, (void *)&own, &length);
	return ntohs(own.sin6_port);
}
static int port;
static void say(void)
{
	printf("%d\n", port);
	fflush(stdout);
}
static void *thread(void *mode)
{
	char byte;

	if (!strcmp(mode, "unshare")) { /* a table of descriptors of its own */
		int fd = (unshare(CLONE_FILES), named("", port));

		dup2(fd, 77);
		close(fd);
	}
	say();
	if (read(0, &byte, 1))
		_exit(1);
	_exit(0);
}
int main(int count, char **arguments)
{
	const char *mode = count > 3 ? arguments[3] : "";
	int fd, on = 1, pair[2];
	struct rlimit files;
	pthread_t started;
	char byte;

	six = !strcmp(arguments[1], "6");
	one = !strcmp(arguments[2], "one");
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	fd = named("raw", 0);
	port = port_of(fd);
	close(fd);
	if (!strcmp(mode, "unshare")) {
		if (pthread_create(&started, NULL, thread, "unshare"))
			return 1;
		pthread_join(started, NULL);
	}
	fd = named(mode, port);
	if (!strcmp(mode, "pktinfo") || !strcmp(mode, "passed"))
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	if (!strcmp(mode, "map") && mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE,
					 open(arguments[4], O_RDONLY), 0) == MAP_FAILED)
		return 1;
	for (int i = !strcmp(mode, "many") ? atoi(arguments[4]) : 0; i > 0; i--)
		named("raw", 0);
	if (!strcmp(mode, "flight")) { /* it is on its way, and nobody's */
		struct msghdr message = { .msg_iov = &(struct iovec){ "", 1 }, .msg_iovlen = 1 };
		char control[CMSG_SPACE(sizeof(int))] = { 0 };
		struct cmsghdr *head = (void *)control;

		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		*head = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(head), &fd, sizeof(fd));
		socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
		sendmsg(pair[0], &message, 0);
		close(fd);
	}
	if (!strcmp(mode, "passed") || !strcmp(mode, "shared")) {
		if (!fork()) {
			char number[16];

			snprintf(number, sizeof(number), "%d", port);
			execl(arguments[4], arguments[4], "said", number, (char *)NULL);
			_exit(1);
		}
		if (!strcmp(mode, "passed"))
			prctl(PR_SET_NAME, "systemd");
		return wait(&on) < 0 || on;
	}
	if (!strcmp(mode, "leaderless") && !pthread_create(&started, NULL, thread, ""))
		pthread_exit(NULL);
	if (!strcmp(mode, "ring")) {
		char parameters[120] = { 0 }; /* struct io_uring_params */
		int ring = (int)syscall(SYS_io_uring_setup, 4, parameters);

		if (ring < 0 || mmap(NULL, 4096, PROT_READ, MAP_SHARED, ring, 0) == MAP_FAILED)
			return 1;
	}
	if (count > 9) /* a receive call, so that it can be helped */
		recvfrom(fd, &byte, 1, 0, 0, 0);
	say();
	return read(0, &byte, 1) != 0;
}
END
# shellcheck disable=SC2086 # CC may have options
$CC -pthread -I"$abs_top_srcdir/tests/lib" -o server server.c -ldl || exit 99
# A program that inherits a socket, and does nothing but to say that it is there.
cat >heir.c <<'END'
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int count, char **arguments)
{
	char byte;

	if (count > 9)
		recvfrom(0, &byte, 1, 0, 0, 0);
	puts(arguments[2]);
	fflush(stdout);
	return read(0, &byte, 1) != 0;
}
END
# shellcheck disable=SC2086
$CC -o heir heir.c || exit 99
mkfifo input output

# scan COMMAND...: starts it, and sets $row to its line in the table, $object to that in JSON
scan() {
	"$@" <input >output &
	server=$!
	exec 3>input 4<output
	read -r port <&4
	run "$replyfrom" --scan
	row=$(printf '%s\n' "$out" | grep ":$port " | tr -s ' ')
	like "--scan: 0 and no word of trouble ($*)" '0 ' "$status $err"
	run "$replyfrom" --scan --json
	object=$(printf '%s\n' "$out" | grep "\"port\": $port, " | sed 's/^ *//; s/,$//; s/}]$/}/')
	exec 3>&- 4<&-
	wait "$server"
}

scan ./server 4 any
row=${row%, unless*}
same 'a plain server' "0.0.0.0:$port $server server can be helped" "$row"
like 'a plain server: JSON' "{\"address\": \"0.0.0.0\", \"port\": $port, \"pid\": $server, \"program\": \
\"server\", \"state\": \"[hp]e[lr][ph]*\"*\"pids\": \[$server]}" "$object"
scan ./server 6 any
same 'IPv6' "[::]:$port $server server can be helped" "${row%, unless*}"
scan ./server 4 one
same 'a server that binds an address is not listed' ' ' "$row $object"
scan "$replyfrom" ./server 4 any
same 'behind replyfrom' "0.0.0.0:$port $server server is behind replyfrom" "$row"
like 'behind replyfrom: JSON' '*"state": "behind",*' "$object"
scan ./server 4 any pktinfo
case $row in
*'unless it uses PKTINFO itself'*) skip 'a server that asks itself' 'its socket may not be looked into' ;;
*) same 'a server that asks itself' "0.0.0.0:$port $server server uses PKTINFO itself" "$row" ;;
esac
# shellcheck disable=SC2086
if $CC -static -I"$abs_top_srcdir/tests/lib" -o static server.c -ldl 2>/dev/null; then
	scan ./static 6 any
	same 'a static server' "[::]:$port $server static cannot be helped: static" "$row"
	like 'a static server: JSON' '*"state": "static",*' "$object"
else
	unavailable 'a static server' 'the C library cannot be linked statically'
fi
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 4755 server
	scan setpriv --reuid=65534 --regid=65534 --clear-groups ./server 4 any
	same 'a server that gained privileges' \
		"0.0.0.0:$port $server server cannot be helped: gains privileges" "$row"
else
	unavailable 'a server that gained privileges' 'needs root and setpriv'
fi

# --scan does not take the word of a file's name: "is behind replyfrom" is said of what is helped.
says() {
	like "$1: the table" "*:$port * $2" "$row"
	like "$1: JSON" "*\"state\": \"$3\",*" "$object"
}
# may_look: can the memory and the descriptors of one's processes be looked into here?
may_look() {
	[ "$(id -u)" = 0 ]
}
scan env REPLYFROM_DISABLE=1 LD_PRELOAD="$library" ./server 4 any
says 'REPLYFROM_DISABLE=1' 'has replyfrom, which is switched off' off
if may_look; then
	scan env REPLYFROM_PORTS=1 LD_PRELOAD="$library" ./server 4 any
	says 'a port that is left out' 'has replyfrom, but REPLYFROM_PORTS leaves this port out' excluded
	scan env REPLYFROM_PORTS=1-65535 LD_PRELOAD="$library" ./server 6 any
	says 'a port that is not left out' 'is behind replyfrom' behind
	scan "$replyfrom" ./server 4 any raw
	says 'a socket that was bound behind its back' 'has replyfrom, which has not helped this socket so far' \
		untouched
	scan "$replyfrom" ./server 4 any pktinfo
	says 'behind replyfrom, and asks itself' 'is behind replyfrom' behind
	scan ./server 4 any leaderless
	like 'a process whose first thread has ended' "*:$port $server server can be helped*" "$row"
	scan "$replyfrom" ./server 4 any leaderless
	says 'a process whose first thread has ended, behind replyfrom' 'is behind replyfrom' behind
	scan ./server 4 any unshare
	like 'a thread with descriptors of its own' "*:$port *$server *server *can be helped*" "$row"
	scan ./server 4 any shared "$work/heir"
	like 'a socket of two processes' "*:$port $server+1 server can be helped" "$row"
	like 'a socket of two processes: JSON' "*\"pids\": \[$server, [0-9]*]}" "$object"
	scan ./server 4 any passed "$work/heir"
	like 'PassPacketInfo= is systemd'\''s doing, not the server'\''s' \
		"*:$port *+1 heir can be helped, unless it uses PassPacketInfo=*" "$row"
	like 'PassPacketInfo=: JSON' '*"program": "heir", "state": "passed",*' "$object"
	printf '#!/bin/sh\nexec env LD_PRELOAD="%s" "%s/server" "$@"\n' "$library" "$work" >helped-server
	printf '#!/bin/sh\nexec env -u LD_PRELOAD "%s/heir" "$@"\n' "$work" >plain-heir
	printf '#!/bin/sh\nexec env LD_PRELOAD="%s" "%s/heir" "$@"\n' "$library" "$work" >helped-heir
	chmod +x helped-server plain-heir helped-heir
	scan ./helped-server 4 any shared "$work/plain-heir"
	says 'one of two processes is helped' 'is behind replyfrom in 1 of its 2 processes' partly
	scan ./helped-server 4 any passed "$work/helped-heir"
	says 'systemd does not serve what it handed on' 'is behind replyfrom' behind
	scan ./server 4 any flight
	like "a socket that is no process's" "*:$port - - *process*" "$row"
	like "a socket that is no process's: JSON" '*"pid": 0,*"state": "[hn][io]*"pids": \[]}' "$object"
else
	unavailable 'what only root may see' 'needs root'
fi
# What is received through io_uring is not seen. Stand-ins for liburing: its name is what counts.
# compile NAME ARGUMENT...
compile() {
	name=$1
	shift
	# shellcheck disable=SC2086
	$CC -pthread -I"$abs_top_srcdir/tests/lib" -o "$name" "$@" -Wl,-rpath,"$work" -ldl || exit 99
}
echo 'int ring(void); int ring(void) { return 0; }' >ring.c
compile liburing.so.2 -shared -fPIC -Wl,-soname,liburing.so.2 ring.c
echo '#include <sys/socket.h>' >take.c
echo 'long take(int fd); long take(int fd) { char byte; return recv(fd, &byte, 1, 0); }' >>take.c
compile libtake.so -shared -fPIC take.c
sed 's/^int main.*/int ring(void);\n&/; s/^	six = /	ring();\n&/' server.c >both.c
compile both both.c ./liburing.so.2
sed '/recvfrom(fd/s/recvfrom.*;/return 1;/' both.c >ringing.c
compile ringing ringing.c ./liburing.so.2
sed '/recvfrom(fd/s/recvfrom.*;/take(fd);/; s/^int main.*/long take(int);\n&/' both.c >taking.c
compile taking taking.c ./liburing.so.2 -L. -ltake
cat >quiet.c <<'END'
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	socklen_t length = sizeof(own);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char byte;

	if (bind(fd, (void *)&own, sizeof(own)) || getsockname(fd, (void *)&own, &length))
		return 1;
	printf("%d\n", ntohs(own.sin_port));
	fflush(stdout);
	return read(0, &byte, 1) != 0;
}
END
compile quiet quiet.c
if may_look; then
	scan ./ringing 4 any
	says 'a server that needs liburing, and imports no receive call' \
		'may receive through io_uring, which the library does not see' uring
	scan env LD_PRELOAD="$library" ./ringing 4 any
	says 'the same behind replyfrom' 'is behind replyfrom; what it receives through io_uring is not seen' behind
	scan ./both 4 any
	says 'a server that needs liburing, and receives' 'can be helped; what it receives through io_uring is not seen' helpable
	scan ./taking 4 any
	says 'a server that needs liburing, whose library receives' \
		'can be helped; what it receives through io_uring is not seen' helpable
	if ./server 4 any ring </dev/null >/dev/null; then
		scan ./server 4 any ring
		says 'a server with an io_uring of its own' 'can be helped; what it receives through io_uring is not seen' helpable
	else
		skip 'a server with an io_uring of its own' 'this kernel gives none'
	fi
	scan ./quiet
	says 'a server that imports no receive call' 'cannot be helped: nothing in it imports a receive call' unseen
else
	unavailable 'what the servers have loaded' 'needs root'
fi
mkdir mapped
cp server mapped/libreplyfrom.so
scan ./server 4 any map mapped/libreplyfrom.so
like 'a file of that name is not the library' "*:$port * can be helped*" "$row"
scan ./server 4 any map "$library"
like 'the library, mapped as data' "*:$port * can be helped*" "$row"
echo 'const char replyfrom_version[] = "9.9.9"; int x[4096];' >version.c
# shellcheck disable=SC2086
$CC -shared -fPIC -o mapped/libreplyfrom.so version.c
scan env LD_PRELOAD="$work/mapped/libreplyfrom.so" ./server 4 any
says 'a library of another version' 'has a replyfrom of another version*' version
if [ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null; then
	# NoExecPaths=, or a noexec mount: the loader leaves the first segment mapped
	cat >noexec <<-END
		#!/bin/sh
		mount -t tmpfs -o noexec none "$work/mapped" && cp "$library" "$work/mapped/" &&
			LD_PRELOAD="$work/mapped/libreplyfrom.so" exec "$work/server" 4 any
	END
	chmod +x noexec
	scan unshare --mount ./noexec 2>loader
	says 'a library that could not be mapped' 'has replyfrom mapped, but not executable*' unusable
	like 'and the loader said so' '*cannot be preloaded*' "$(cat loader)"
else
	unavailable 'a library that could not be mapped' 'no mount namespaces are to be had'
fi
# Somebody's sockets do not hide anybody's: a table of 4,096 was too small for these.
./server 4 any many 4500 <input >output &
crowd=$!
exec 5>input 6<output
if read -r _ <&6; then
	mkfifo input2 output2
	./server 6 any <input2 >output2 &
	server=$!
	exec 3>input2 4<output2
	read -r port <&4
	run "$replyfrom" --scan
	like '4,500 sockets of another process: the server is listed' "*\[::]:$port *$server *server *" "$out"
	same 'and so are the others' 4501 "$(printf '%s\n' "$out" | grep -c " $crowd  *server ")"
	run "$replyfrom" --status "$server"
	like '4,500 sockets of another process: --status knows the port' "*\[::]:$port" "$(printf '%s\n' "$out" | sed -n 2p)"
	exec 3>&- 4<&-
	wait "$server"
else
	unavailable '4,500 sockets of another process' 'the limit of open files is too low'
fi
exec 5>&- 6<&-
wait "$crowd"

cp server 'a"b'
scan './a"b' 4 any
like 'a name that would spoil JSON' "*$port*a?b*\"program\": \"a?b\"*" "$row $object"

run "$replyfrom" --scan
like 'the addresses' '*This host has *address*BOUND TO *PROCESS *PROGRAM *SERVER*' "$out"
run "$replyfrom" --scan --json
like 'the addresses: JSON' '{"addresses": \[*"servers": \[*],*"unseen": *}' "$out"
if [ -x /usr/bin/python3 ]; then
	run "$replyfrom" --scan --json
	same 'sound JSON' 0 "$(printf '%s' "$out" | /usr/bin/python3 -m json.tool >/dev/null; echo $?)"
fi
run "$replyfrom" --scan more
refused 'an argument too much' '--scan takes no*'
finish
