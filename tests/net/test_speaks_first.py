# SPDX-License-Identifier: MIT
"""
A program that speaks first is left to the kernel, for ever: its requests follow a new route, a new preferred address and the
loss of an address, as without the library. A peer that asks back at another address is answered from there.
"""
import contextlib
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import namespaces
import tap
from lab import FIRST6, PRIMARY
from puppet import Peer, Puppet

SERVICE = 7001      # the peer's port, where the program speaks first
OWN = 7000          # the program's


class Family:
	def __init__(self, name, destination, kernel, other, third):
		self.name, self.destination = name, destination
		self.kernel, self.other, self.third = kernel, other, third      # the kernel's choice at first, and other addresses

	def route(self, source):
		option = '-6 ' if ':' in source else ''
		length = 128 if option else 32
		namespaces.ip(f'route replace {self.destination.peer}/{length} dev {lab.INTERFACE} src {source}', options=option.split())

	def unroute(self):
		option = ['-6'] if ':' in self.kernel else []
		with contextlib.suppress(namespaces.Unavailable):
			namespaces.ip(f'route del {self.destination.peer}/{128 if option else 32} dev {lab.INTERFACE}', options=option)


V4 = Family('4', PRIMARY, '192.0.2.1', '192.0.2.2', '192.0.2.3')
V6 = Family('6', FIRST6, '2001:db8::2', '2001:db8::1', '2001:db8:53::53')
DUAL = Family('d', PRIMARY, '192.0.2.1', '192.0.2.2', '192.0.2.3')


class Conversation:
	"""A program on a socket of its own, and a peer that answers wherever the datagram came from."""

	def __init__(self, stack, network, family, helped, call='sendto', **settings):
		self.family, self.call = family, call
		self.puppet = stack.enter_context(Puppet(helped, **settings))
		self.fd = self.puppet.open(family.name, OWN)
		self.peer = Peer(stack.enter_context(network.client(family.destination, SERVICE)))
		mapped = family.name == 'd' and ':' not in self.peer.address
		self.address = f'::ffff:{self.peer.address}' if mapped else self.peer.address

	def speak(self, text='request'):
		"""The program sends; from where did it come?"""
		if self.call == 'connect':
			self.puppet.tell('main', 'connect', self.fd, self.address, SERVICE)
			self.puppet.tell('main', 'send', self.fd, text)
			self.puppet.tell('main', 'disconnect', self.fd)
		else:
			self.puppet.tell('main', self.call, self.fd, self.address, SERVICE, text)
		return self.peer.heard()

	def hear(self, address):
		"""The peer sends to that address, and the program reads it."""
		self.peer.says(address, OWN)
		self.puppet.tell('main', 'receive', self.fd)

	def request(self):
		source = self.speak()
		self.hear(source)
		return source


def by_route(talk):
	family = talk.family
	steps = [talk.request(), talk.request()]
	try:
		family.route(family.other)
		steps += [talk.request(), talk.request()]
		# An answer that comes late, to where the conversation was before.
		talk.hear(family.kernel)
		steps += [talk.speak(), talk.request()]
		family.route(family.third)
		# Nothing arrives on the old way any more.
		steps += [talk.speak(), talk.speak(), talk.request()]
	finally:
		family.unroute()
	return steps + [talk.request(), talk.request()]


def add(address, length):
	with contextlib.suppress(namespaces.Unavailable):
		namespaces.ip(f'addr add {address}/{length} dev {lab.INTERFACE}' + ' nodad' * (length == 64))


def by_removed_address(talk):
	family = talk.family
	length = 64 if ':' in family.kernel else 24
	steps = []
	try:
		family.route(family.other)
		steps += [talk.request(), talk.request()]
		family.unroute()
		namespaces.ip(f'addr del {family.other}/{length} dev {lab.INTERFACE}')
		steps += [talk.request(), talk.request()]
	finally:
		family.unroute()
		add(family.other, length)
		if length == 64:
			# The kernel takes the newest IPv6 address: that is to be the same as before.
			namespaces.ip(f'addr del {family.kernel}/{length} dev {lab.INTERFACE}')
			add(family.kernel, length)
	return steps


def by_preferred_address(talk):
	"""IPv6: an address that is deprecated is no source any more."""
	newest = f'addr change {talk.family.kernel}/64 dev {lab.INTERFACE} preferred_lft'
	steps = [talk.request(), talk.request()]
	try:
		namespaces.ip(f'{newest} 0')
		steps += [talk.request(), talk.request()]
	finally:
		namespaces.ip(f'{newest} forever')
	return steps + [talk.request()]


def compare(network, title, change, family, call):
	results = []
	for helped in (False, True):
		with contextlib.ExitStack() as stack:
			results.append(change(Conversation(stack, network, family, helped, call)))
	plain, helped = results
	tap.check(len(set(plain)) > 1 and None not in plain and plain == helped, f'{title}, -{family.name}, {call}',
		f'plain:     {plain}', f'replyfrom: {helped}')


def test_failover(network):
	for family in (V4, V6, DUAL):
		if family is V6 and not network.has_ipv6:
			continue
		for call in ('sendto', 'sendmsg', 'sendmmsg', 'connect'):
			compare(network, 'own requests follow the route', by_route, family, call)
		compare(network, 'own requests survive the loss of an address', by_removed_address, family, 'sendto')
	if network.has_ipv6:
		for call in ('sendto', 'connect'):
			compare(network, 'own requests follow the preferred address', by_preferred_address, V6, call)


def expect(title, sources, expected):
	tap.check(sources == expected, title, f'from:     {sources}', f'expected: {expected}')


def test_proxies(network, family):
	"""Two that call each other; one is behind a second address, which the kernel would not choose."""
	with contextlib.ExitStack() as stack:
		talk = Conversation(stack, network, family, True)
		virtual = family.other
		sources = [talk.request()]
		talk.hear(virtual)
		sources += [talk.speak('100'), talk.speak('180'), talk.speak('200')]
		talk.hear(family.kernel)        # an answer to the first request, again
		sources.append(talk.request())
		talk.hear(virtual)
		sources.append(talk.speak('200'))
		expect(f'two proxies that call each other, -{family.name}', sources,
			[family.kernel, virtual, virtual, virtual, family.kernel, virtual])


def test_time_peers(network, family):
	"""Both speak whenever they like; the peer only knows the second address."""
	with contextlib.ExitStack() as stack:
		talk = Conversation(stack, network, family, True)
		sources = [talk.speak()]
		for _ in range(3):
			talk.hear(family.other)
			sources.append(talk.speak())
		expect(f'peers that both speak first, one at a second address, -{family.name}', sources,
			[family.kernel, family.other, family.other, family.other])


def test_asked_first(network, family):
	"""Whoever is asked first is a server: what follows leaves from there, whatever the route says."""
	with contextlib.ExitStack() as stack:
		talk = Conversation(stack, network, family, True)
		talk.hear(family.other)
		sources = [talk.speak()]
		try:
			family.route(family.third)
			sources += [talk.speak(), talk.speak()]
		finally:
			family.unroute()
		expect(f'a peer that asked first, -{family.name}', sources, [family.other] * 3)


def test(network):
	test_failover(network)
	for family in (V4, V6, DUAL):
		if family is not V6 or network.has_ipv6:
			test_proxies(network, family)
			test_time_peers(network, family)
			test_asked_first(network, family)


lab.main(test)
