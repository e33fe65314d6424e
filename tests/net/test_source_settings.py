# SPDX-License-Identifier: MIT
"""
What the settings say of peers to which the program speaks first: REPLYFROM_SOURCE, and REPLYFROM_FOLLOW_TCP=1 for hosts that
have a TCP connection to the program. Replies leave from where the peer asked all the same.
"""
import contextlib
import socket
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import namespaces
import tap
from lab import FIRST6, LOOPBACK, PRIMARY, SECONDARY
from puppet import Peer, Puppet

OWN, SERVICE = 7000, 7001
KERNEL, VIRTUAL, OTHER = '192.0.2.1', '192.0.2.2', '192.0.2.3'
KERNEL6, VIRTUAL6, OTHER6 = '2001:db8::2', '2001:db8::1', '2001:db8:53::53'
CALLS = ('sendto', 'sendmsg', 'sendmmsg')
ABSENT = '192.0.2.77'       # no address of this host, at first


def expect(title, sources, expected):
	tap.check(sources == expected, title, f'from:     {sources}', f'expected: {expected}')


def speak(puppet, fd, peer, call='sendto', worker='main'):
	if call == 'connect':
		puppet.tell(worker, 'connect', fd, peer.address, peer.port)
		puppet.tell(worker, 'send', fd, 'request')
		puppet.tell(worker, 'disconnect', fd)
	else:
		puppet.tell(worker, call, fd, peer.address, peer.port, 'request')
	return peer.heard()


def hear(puppet, fd, peer, address):
	peer.says(address, OWN)
	puppet.tell('main', 'receive', fd)


def test_source(network, family, destination, virtual, other, kernel):
	sources, expected = [], []
	with contextlib.ExitStack() as stack:
		puppet = stack.enter_context(Puppet(True, REPLYFROM_SOURCE=f'{VIRTUAL},{VIRTUAL6}'))
		peer = Peer(stack.enter_context(network.client(destination, SERVICE)))
		fd = puppet.open(family, OWN)
		for call in (*CALLS, 'connect'):
			sources.append(speak(puppet, fd, peer, call))
			sources.append(speak(puppet, puppet.open(family, 0), peer, call if call != 'connect' else 'sendto'))
			expected += [virtual, virtual]
		# The peer answers there, and then asks at another address.
		for address in (virtual, other, kernel):
			hear(puppet, fd, peer, address)
			sources.append(speak(puppet, fd, peer))
			expected.append(address)
	expect(f'REPLYFROM_SOURCE, -{family}', sources, expected)


def test_other_family(network):
	with contextlib.ExitStack() as stack:
		puppet = stack.enter_context(Puppet(True, REPLYFROM_SOURCE=VIRTUAL))
		fd = puppet.open('d', OWN)
		peer = Peer(stack.enter_context(network.client(FIRST6, SERVICE)))
		loopback = Peer(stack.enter_context(network.client(LOOPBACK, SERVICE)))
		sources = [speak(puppet, fd, peer)]
		puppet.tell('main', 'sendto', fd, f'::ffff:{loopback.address}', loopback.port, 'request')
		sources.append(loopback.heard())
		expect('REPLYFROM_SOURCE of IPv4: IPv6 and loopback are left alone', sources, [KERNEL6, '127.0.0.1'])


def test_address_comes_and_goes(network):
	"""A virtual address that is on another host at first."""
	with contextlib.ExitStack() as stack:
		puppet = stack.enter_context(Puppet(True, REPLYFROM_SOURCE=ABSENT))
		peer = Peer(stack.enter_context(network.client(PRIMARY, SERVICE)))
		fd, fresh = puppet.open('4', OWN), puppet.open('4', 0)
		sources = [speak(puppet, fd, peer), speak(puppet, fresh, peer), speak(puppet, fd, peer)]
		namespaces.ip(f'addr add {ABSENT}/32 dev lo')
		sources += [speak(puppet, fd, peer), speak(puppet, fresh, peer)]
		namespaces.ip(f'addr del {ABSENT}/32 dev lo')
		sources += [speak(puppet, fd, peer), speak(puppet, fresh, peer)]
		more = peer.heard(lab.LOSS)
		expect('REPLYFROM_SOURCE: an address that comes and goes', sources + [more],
			[KERNEL, KERNEL, KERNEL, ABSENT, ABSENT, KERNEL, KERNEL, None])


def connect_tcp(stack, network, destination, port):
	with network.client_network():
		client = stack.enter_context(socket.create_connection((destination.address, port), lab.DEADLINE,
			source_address=(destination.peer, 0)))
	return client


def test_follow_tcp(network, title, asked, family, helped, worker, expected):
	with contextlib.ExitStack() as stack:
		puppet = stack.enter_context(Puppet(True, REPLYFROM_FOLLOW_TCP='1' if helped else '0'))
		listener = puppet.tell('main', 'listen', OWN)
		if worker != 'main':
			puppet.tell('main', 'fork' if worker == 'p1' else 'thread', worker)
		connect_tcp(stack, network, asked, OWN)
		puppet.tell('main', 'accept', listener)
		peer = Peer(stack.enter_context(network.client(asked, SERVICE)))
		bound, fresh = puppet.open(family, OWN, worker), puppet.open(family, 0, worker)
		sources = [speak(puppet, bound, peer, call, worker) for call in (*CALLS, 'connect')]
		sources += [speak(puppet, fresh, peer, call, worker) for call in CALLS]
		loopback = Peer(stack.enter_context(network.client(LOOPBACK, SERVICE)))
		if family == '4':
			sources.append(speak(puppet, bound, loopback, worker=worker))
		expect(title, sources, [expected] * 7 + ['127.0.0.1'] * (family == '4'))


def test(network):
	test_source(network, '4', PRIMARY, VIRTUAL, OTHER, KERNEL)
	test_address_comes_and_goes(network)
	if network.has_ipv6:
		test_source(network, '6', FIRST6, VIRTUAL6, OTHER6, KERNEL6)
		test_other_family(network)
	for worker in ('main', 't1', 'p1'):
		test_follow_tcp(network, f'REPLYFROM_FOLLOW_TCP=1, {worker}', SECONDARY, '4', True, worker, SECONDARY.address)
	test_follow_tcp(network, 'REPLYFROM_FOLLOW_TCP=0', SECONDARY, '4', False, 'main', KERNEL)
	if network.has_ipv6:
		test_follow_tcp(network, 'REPLYFROM_FOLLOW_TCP=1, IPv6', FIRST6, '6', True, 'main', FIRST6.address)


lab.main(test)
