# SPDX-License-Identifier: MIT
"""What an administrator can add: whole networks of local addresses, policy routing, NAT, transparent proxies, removals."""
import contextlib
import shutil
import socket
import struct
import subprocess
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import namespaces
import program
import tap
from cases import Server, echo, run
from lab import Destination
from patterns import argv

IP_PKTINFO = 8      # socket.IP_PKTINFO is newer than Debian's Python
ANYIP = Destination('IPv4 AnyIP', '198.51.100.77', '192.0.2.100')
ANYIP6 = Destination('IPv6 AnyIP', '2001:db8:99::77', '2001:db8::100')
TRANSLATED = Destination('behind DNAT', '192.0.2.200', '192.0.2.100')
FOREIGN = Destination('TPROXY', '203.0.113.7', '192.0.2.100')


def server(family, mode, destinations, *options, once=False, flow=2):
	return Server(' '.join(('server', family, *options, mode)), argv(mode, family, *options), destinations, echo, once, flow)


def test_anyip(network):
	namespaces.ip('route add local 198.51.100.0/24 dev lo')
	with network.client_network():
		namespaces.ip('route add 198.51.100.0/24 via 192.0.2.1')
	if network.has_ipv6:
		namespaces.ip('route add local 2001:db8:99::/64 dev lo')
		with network.client_network():
			namespaces.ip('route add 2001:db8:99::/64 via 2001:db8::1')
	run(network, (
		*(server('-4', mode, (ANYIP,)) for mode in ('recvfrom/sendto', 'recvmmsg/sendmmsg', 'fresh-sendto', 'fresh-connect')),
		*(server('-6', mode, (ANYIP6,)) for mode in ('recvfrom/sendto', 'recvmmsg/sendmmsg', 'fresh-sendto', 'another-process')),
		*(server('-D', mode, (ANYIP, ANYIP6)) for mode in ('recvfrom/sendto', 'recvmsg/sendmsg')),
		server('-4', 'connect-recv-send', (ANYIP,), once=True, flow=3),
		# No connect can make such an address the local one: the answers are right, but later requests are refused.
		server('-6', 'connect-recv-send', (ANYIP6,), once=True, flow=1),
		# Nor an IPv6 address of another interface that of a socket which is bound to an interface.
		server('-6', 'connect-recv-send', (lab.ON_LO6,), '-b', lab.INTERFACE, once=True, flow=1),
	))


@contextlib.contextmanager
def rules(title, text):
	"""Packet filter rules for the time of the block; gives whether they are to be had, and says it when not."""
	if not shutil.which('nft'):
		tap.unavailable(title, 'nft is not installed')
		yield False
		return
	load = subprocess.run(['nft', '-f', '-'], input=text, text=True, capture_output=True)
	if load.returncode:
		tap.unsupported(title, f'nft: {load.stderr.splitlines()[0]}')
		yield False
		return
	yield True
	subprocess.run(['nft', 'delete', 'table', 'ip', 'replyfrom'], check=True)


def test_dnat(network):
	with rules(TRANSLATED.title, f'''table ip replyfrom {{
		chain before {{
			type nat hook prerouting priority dstnat
			ip daddr {TRANSLATED.address} udp dport {lab.PORT} dnat to {lab.SECONDARY.address}
		}}
	}}''') as are_loaded:
		if are_loaded:
			with network.client_network():
				namespaces.ip(f'route add {TRANSLATED.address}/32 via 192.0.2.1')
			run(network, (
				server('-4', 'recvfrom/sendto', (TRANSLATED,)),
				server('-D', 'recvfrom/sendto', (TRANSLATED,)),
				server('-4', 'connect-recv-send', (TRANSLATED,), once=True, flow=3),
			))


def test_tproxy(network):
	with rules(FOREIGN.title, f'''table ip replyfrom {{
		chain before {{
			type filter hook prerouting priority mangle
			ip daddr 203.0.113.0/24 udp dport {lab.PORT} tproxy to :{lab.PORT} meta mark set 1 accept
		}}
	}}''') as are_loaded:
		if are_loaded:
			namespaces.ip('rule add fwmark 1 lookup 100', 'route add local default dev lo table 100')
			with network.client_network():
				namespaces.ip('route add 203.0.113.0/24 via 192.0.2.1')
			run(network, (
				server('-4', 'recvfrom/sendto', (FOREIGN,), '-t'),
				server('-D', 'recvfrom/sendto', (FOREIGN,), '-t'),
			))


def removed(network, family, gone, other, helped):
	"""The sources of the answers to a request at an address that is removed before the answer, and to the next one."""
	device = f'dev {lab.INTERFACE}'
	namespaces.ip(f'addr add {gone.address}/128 {device} nodad' if ':' in gone.address else f'addr add {gone.address}/24 {device}')
	with network.start(argv('late', family), helped) as late, network.client(gone) as first, network.client(other) as second:
		read = program.datagrams_read()
		first.send(b'wait')
		late.await_read(read + 1, lab.DEADLINE)
		namespaces.ip(f'addr del {gone.address}/{128 if ":" in gone.address else 24} {device}')
		second.send(b'wait')
		answers = [first.receive()]
		second.send(b'wait')
		answers.append(second.receive())
	return [answer and answer[1] for answer in answers]


def test_removed(network):
	gone4 = Destination('IPv4', '192.0.2.9', '192.0.2.100')
	gone6 = Destination('IPv6', '2001:db8::9', '2001:db8::100')
	for family, gone, other in (('-4', gone4, lab.SECONDARY), ('-D', gone4, lab.SECONDARY), ('-6', gone6, lab.FIRST6)):
		title = f'address removed before the answer {family}: the kernel chooses'
		if not network.has(gone):
			tap.unavailable(title, 'no IPv6 on this machine')
			continue
		plain = removed(network, family, gone, other, helped=False)
		helped = removed(network, family, gone, other, helped=True)
		tap.check(None not in plain and plain[1] != other.address and helped == [plain[0], other.address], title,
			f'plain, from:     {plain}', f'replyfrom, from: {helped}')


def arrival(client):
	"""The source of the answer, and the name of the interface on which the client got it."""
	client.socket.settimeout(lab.DEADLINE)
	try:
		_, control, _, source = client.socket.recvmsg(512, 128)
	except TimeoutError:
		return None
	(_, kind, content), = control
	index, = struct.unpack_from('@i', content, 0 if kind == IP_PKTINFO else 16)
	return source[0], index


def asked_with_policy(network, family, destination, helped):
	with network.start(argv('recvfrom/sendto', family), helped), network.client(destination) as client:
		if destination.family == socket.AF_INET:
			client.socket.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
		else:
			client.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
		client.send(b'hello')
		return arrival(client)


def test_policy(network):
	"""Answers from some addresses have to leave by a second link: their source alone must decide it."""
	second = 'eth1'
	namespaces.ip(f'link add {second} type veth peer name {second} netns /proc/self/fd/{network.client_namespace}',
		f'link set {second} up', descriptors=(network.client_namespace,))
	with network.client_network():
		hardware = '02:00:00:00:00:01'
		namespaces.ip(f'link set {second} address {hardware}', f'link set {second} up')
		index = socket.if_nametoindex(second)
	for version, prefix, destination in (('-4', '192.0.2.0/24', lab.SECONDARY), ('-6', '2001:db8::/64', lab.FIRST6)):
		if network.has(destination):
			namespaces.ip(f'rule add from {destination.address} lookup 7', f'route add {prefix} dev {second} table 7',
				f'neigh replace {destination.peer} lladdr {hardware} dev {second} nud permanent', options=(version,))
	for family, destination in (('-4', lab.SECONDARY), ('-6', lab.FIRST6), ('-D', lab.SECONDARY)):
		title = f'policy routing by source {family}, {destination.title}: by the second link'
		if not network.has(destination):
			tap.unavailable(title, 'no IPv6 on this machine')
			continue
		plain = asked_with_policy(network, family, destination, helped=False)
		helped = asked_with_policy(network, family, destination, helped=True)
		expected = (destination.address, index)
		tap.check(plain and plain != expected and helped == expected, title, f'expected:  {expected}', f'plain:     {plain}',
			f'replyfrom: {helped}')


def test(network):
	test_anyip(network)
	test_dnat(network)
	test_tproxy(network)
	test_removed(network)
	test_policy(network)


lab.main(test)
