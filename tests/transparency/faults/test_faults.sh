#!/bin/sh
# SPDX-License-Identifier: MIT
# Each system call that the library adds fails in turn, with the errors that kernels and sandboxes
# have for it: what the program sees must be what it sees without the library.
set -u

sequences=${FAULT_SEQUENCES:-40}
cases=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
unset REPLYFROM_LOG

# The numbers are Linux's, the same on all machines but for options on a few: EPERM 1, EACCES 13,
# ENODEV 19, EINVAL 22, ENFILE 23, EMFILE 24, ENOMEM 12, ENOSYS 38, EOPNOTSUPP 95,
# EAFNOSUPPORT 97, EADDRNOTAVAIL 99, ENETUNREACH 101, ENOBUFS 105, ENOPROTOOPT 92, EAGAIN 11.
faults='
SO_COOKIE:getsockopt 1 57:92 22 1 38
SO_TYPE:getsockopt 1 3:1 38
SO_PROTOCOL:getsockopt 1 38:92 1
SO_DOMAIN:getsockopt 1 39:92 1
the mark:getsockopt 1 43:92
SO_BINDTODEVICE:getsockopt 1 25:92
SO_BINDTOIFINDEX:getsockopt 1 62:92
IP_PKTINFO:getsockopt 0 8:92 1
IPV6_RECVPKTINFO:getsockopt 41 49:92
IP_MULTICAST_IF:getsockopt 0 32:92
any option:getsockopt 0 0:1 38
IP_PKTINFO:setsockopt 0 8:92 105 1
IPV6_RECVPKTINFO:setsockopt 41 49:92 105 1
the mark:setsockopt 1 43:92 1
IP_MULTICAST_IF:setsockopt 0 32:99 19 1
IPV6_FREEBIND:setsockopt 41 78:92 1
any option:setsockopt 0 0:1 38
the local address:getsockname 0 0:105 1 38
a step of the connect:connect 0 0:22 101 13 1
routes asked for:socket 0 0:97 13 24 23
a source attached:sendmsg 0 0:22 101 99 19
the guard of receives:recvmsg 0 0:95 22
memory:mmap 0 0:12 1
'

# tests/transparency/faults/fault.c knows a level or a name of 0 as any; IPPROTO_IP is 0.
oldifs=$IFS
IFS='
'
for row in $faults; do
	title=${row%%:*}
	rest=${row#*:}
	call=${rest%%:*}
	IFS=' '
	for error in ${rest#*:}; do
		cases=$((cases + 1))
		"${abs_top_builddir:?}/tests/fuzz/differential" --count "$sequences" --seed "$((cases * 1000))" \
			--fault "$call $error" >"$log" 2>&1
		case $? in
		0) echo "ok $cases - $title, ${call%% *}: errno $error" ;;
		77)
			echo "1..0 # SKIP $(tail -n 1 "$log")"
			exit 0
			;;
		*)
			echo "not ok $cases - $title, ${call%% *}: errno $error"
			grep -v '^replyfrom: ' "$log" | sed 's/^/# /'
			failed=1
			;;
		esac
	done
	IFS='
'
done
IFS=$oldifs

# Never worked around: a firewall's no to an answer with its source reaches the program.
for error in 1 13; do
	cases=$((cases + 1))
	"$abs_top_builddir/tests/fuzz/differential" --count 300 --fault "sendmsg 0 0 $error" >"$log" 2>&1
	if grep -q "^with: .*send.* = -1, errno $error\$" "$log"; then
		echo "ok $cases - errno $error of a source attached is the program's"
	else
		echo "not ok $cases - errno $error of a source attached is the program's"
		sed 's/^/# /' "$log"
		failed=1
	fi
done
echo "1..$cases"
exit $failed
