# SPDX-License-Identifier: MIT
"""Servers in which another thread, process, program or socket answers than received."""
import socket
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import tap
from cases import run
from lab import IPV4, IPV6
from patterns import argv, rows

DIVIDED = (
	'another-thread',
	'another-process',
	'duplicates',
	'prefork',
	'fork-each',
	'wait-service',
)
FRESH = (
	'fresh-connect',
	'fresh-sendto',
	'fork-fresh-connect',
	'fork-fresh-sendto',
)


def activated(network, family, destination, helped):
	"""A socket bound here, with a datagram in its queue, goes to a program that is started only then."""
	with socket.socket(family, socket.SOCK_DGRAM) as listener, network.client(destination) as client:
		if family == socket.AF_INET6:
			listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
		listener.bind(('', lab.PORT))
		client.send(b'queued')
		listener.settimeout(lab.DEADLINE)
		listener.recv(1, socket.MSG_PEEK)
		listener.setblocking(True)
		with network.start(argv('recvfrom/sendto', '-i'), helped, stdin=listener):
			queued = client.receive()
			return queued and queued[1], client.ask(b'later')


def test_activation(network):
	for title, family, destinations in (('IPv4', socket.AF_INET, IPV4), ('dual-stack', socket.AF_INET6, IPV6 + IPV4)):
		for destination in filter(network.has, destinations):
			plain = activated(network, family, destination, helped=False)
			helped = activated(network, family, destination, helped=True)
			wrong = destination.by_chance or plain[0] not in (None, destination.address)
			tap.check(wrong and helped == (destination.address,) * 2,
				f'activated {title} with a queued datagram, {destination.title}: from {destination.address}',
				f'plain, from:     {plain}', f'replyfrom, from: {helped}')


def test(network):
	run(network, (*rows(DIVIDED), *rows(FRESH)))
	test_activation(network)


lab.main(test)
