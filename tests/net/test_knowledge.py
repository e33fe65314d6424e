# SPDX-License-Identifier: MIT
"""
What outranks what: a thread's last receive until it is answered, then the newest knowledge, whoever received it; replies to
another port of a host only while its question waits; knowledge stays in its network namespace.
"""
import contextlib
import errno
import os
import socket
import subprocess
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import namespaces
import tap
from lab import ON_LO, PRIMARY, SECONDARY
from puppet import Peer, Puppet

PORT, OTHER_PORT = 7000, 7001
SO_NETNS_COOKIE = 71     # <asm-generic/socket.h>
ONE, TWO, KERNEL = '192.0.2.2', '192.0.2.3', '192.0.2.1'


def expect(title, sources, expected):
	tap.check(sources == expected, title, f'from:     {sources}', f'expected: {expected}')


class Scene:
	"""A helped program with one server socket, and peers on the client's side."""

	def __init__(self, stack, network, **settings):
		self.stack, self.network = stack, network
		self.puppet = stack.enter_context(Puppet(True, **settings))
		self.fd = self.puppet.open('4', PORT)

	def peer(self, port=0, destination=SECONDARY):
		return Peer(self.stack.enter_context(self.network.client(destination, port)))

	def receive(self, worker, peer, address, call='receive'):
		peer.says(address, PORT)
		self.puppet.tell(worker, call, self.fd)

	def reply(self, worker, peer, port=None, fd=None, via='sendto'):
		self.puppet.tell(worker, via, self.fd if fd is None else fd, peer.address, port or peer.port, 'reply')
		return peer.heard()


@contextlib.contextmanager
def scene(network, **settings):
	with contextlib.ExitStack() as stack:
		yield Scene(stack, network, **settings)


def test_handover(network, kind):
	"""A worker that answered once itself, and then answers what others received."""
	with scene(network) as here:
		peer = here.peer()
		if kind == 'thread':
			here.puppet.tell('main', 'thread', 't1')
			here.receive('t1', peer, ONE)
			sources = [here.reply('t1', peer)]
		else:
			# The parent answers, and its copy in the child is old by then.
			here.receive('main', peer, ONE)
			sources = [here.reply('main', peer)]
			here.puppet.tell('main', 'fork', 't1')
		for address in (TWO, ONE, TWO):
			here.receive('main', peer, address)
			sources += [here.reply('t1', peer), here.reply('main', peer)]
		expect(f'a {kind} answers what others received', sources, [ONE, TWO, TWO, ONE, ONE, TWO, TWO])


def test_two_receivers(network):
	"""Each answers from where it was asked itself; a second answer follows the newest question."""
	with scene(network) as here:
		peer = here.peer()
		for name in ('t1', 't2'):
			here.puppet.tell('main', 'thread', name)
		here.receive('t1', peer, ONE)
		here.receive('t2', peer, TWO)
		sources = [here.reply('t1', peer), here.reply('t2', peer), here.reply('t1', peer)]
		expect('two threads that have just received from one peer', sources, [ONE, TWO, TWO])


def test_forked_at_once(network):
	"""A child for each question, and a newer question before the child answers."""
	with scene(network) as here:
		peer = here.peer()
		here.receive('main', peer, ONE)
		here.puppet.tell('main', 'fork', 'p1')
		here.receive('main', peer, TWO)
		here.puppet.tell('main', 'fork', 'p2')
		sources = [here.reply('p1', peer), here.reply('p2', peer)]
		expect('children that are forked for a question', sources, [ONE, TWO])


def test_stream(network):
	"""One request, thousands of datagrams, and others that ask in between."""
	with scene(network) as here:
		peer, other = here.peer(), here.peer()
		here.receive('main', peer, ONE)
		sources = []
		for part in range(4):
			here.puppet.tell('main', 'repeat', 1000, here.fd, peer.address, peer.port, f'part{part}')
			sources.append(sorted({peer.heard() for _ in range(20)}))
			here.receive('main', other, TWO)
			sources.append(here.reply('main', other))
			while peer.heard(0.01):
				pass
		expect('a stream of 4,000 datagrams after one request', sources, [[ONE], TWO] * 4)


def test_notify(network):
	"""A DNS primary: it answers a question from one port, and notifies another one."""
	with scene(network) as here:
		asker, notified = here.peer(), here.peer()
		here.puppet.tell('main', 'thread', 't1')
		sources = []
		for address in (ONE, TWO):
			here.receive('main', asker, address)
			sources += [here.reply('main', asker), here.reply('main', notified), here.reply('t1', notified)]
		expect('messages to another port of a host that was answered', sources, [ONE, KERNEL, KERNEL, TWO, KERNEL, KERNEL])


def test_reply_to_other_port(network):
	"""SIP without rport: the request names the port, and several replies go there."""
	for title, worker, again in (('at once', 'main', False), ('by a thread, later', 't1', True)):
		with scene(network) as here:
			asker, named = here.peer(), here.peer()
			here.puppet.tell('main', 'thread', 't1')
			here.receive('main', asker, ONE)
			if again:
				# The receiver goes on to the next datagram.
				here.receive('main', here.peer(destination=ON_LO), TWO)
			sources = [here.reply(worker, named) for _ in range(3)]
			expect(f'replies to a port that the request names, {title}', sources, [ONE] * 3)


def test_fresh_sockets(network):
	"""TFTP: a new socket answers; in the thread that received or in others, one peer at a time or many at once."""
	for count in (1, 5):
		with scene(network) as here:
			for name in ('t1', 't2'):
				here.puppet.tell('main', 'thread', name)
			peers = [here.peer() for _ in range(count)]
			asked = [(ONE, TWO, KERNEL, '198.51.100.53', ONE)[number] for number in range(count)]
			sources = []
			for round_number in range(3):
				for peer, address in zip(peers, asked):
					here.receive('main', peer, address)
				for number, peer in enumerate(peers):
					worker = ('main', 't1', 't2')[(number + round_number) % 3]
					fresh = here.puppet.open('4', 0, worker)
					sources.append(here.reply(worker, peer, fd=fresh, via=('sendto', 'sendmsg', 'sendmmsg')[round_number]))
			expect(f'fresh sockets that answer {count} at a time', sources, asked * 3)


def test_client_sockets(network):
	"""A server answers a peer; a new client socket, in whatever thread, asks the same peer something of its own."""
	with scene(network) as here:
		peer = here.peer()
		here.puppet.tell('main', 'thread', 't1')
		sources = []
		for address in (ONE, TWO):
			here.receive('main', peer, address)
			sources.append(here.reply('main', peer))
			for worker in ('main', 't1'):
				client = here.puppet.open('4', 0, worker)
				sources.append(here.reply(worker, peer, fd=client))
				client = here.puppet.open('4', 0, worker)
				here.puppet.tell(worker, 'connect', client, peer.address, peer.port)
				here.puppet.tell(worker, 'send', client, 'request')
				sources.append(peer.heard())
		expect('requests of new client sockets to a peer that was answered', sources, [ONE, *[KERNEL] * 4, TWO, *[KERNEL] * 4])


def test_client_in_conversation(network):
	"""A client socket talks to a peer, which then tells the program's server something (gossip)."""
	with scene(network) as here:
		peer = here.peer()
		client = here.puppet.open('4', 0)
		sources = [here.reply('main', peer, fd=client)]
		for address in (ONE, TWO):
			here.receive('main', peer, address)
			sources.append(here.reply('main', peer, fd=client))
		here.puppet.tell('main', 'connect', client, peer.address, peer.port)
		here.puppet.tell('main', 'send', client, 'request')
		sources.append(peer.heard())
		expect('a client whose peer speaks to the server meanwhile', sources, [KERNEL] * 4)


def test_own_address(network):
	"""A program asks the kernel for its own address by connect(), and binds to it: nobody asked, so that is meant."""
	with scene(network) as here:
		peer = here.peer()
		here.puppet.tell('main', 'connect', here.fd, peer.address, peer.port)
		address = here.puppet.tell('main', 'name', here.fd)
		listener = here.puppet.open('4', 0)
		here.puppet.tell('main', 'bind', listener, address, PORT)
		expect('a bind to what a connect() of the program gave', [address, here.puppet.tell('main', 'name', listener)], [KERNEL] * 2)


def test_address_gone(network):
	"""A vector of replies, and the address that the second one was asked at has gone."""
	with scene(network) as here:
		first, second = here.peer(), here.peer()
		here.receive('main', first, KERNEL)
		here.receive('main', second, ONE)
		try:
			namespaces.ip(f'addr del {ONE}/24 dev {lab.INTERFACE}')
			sent = here.puppet.tell('main', 'both', here.fd, first.address, first.port, second.port, 'reply')
		finally:
			namespaces.ip(f'addr add {ONE}/24 brd + dev {lab.INTERFACE}')
		expect('a vector with a source that is gone', [sent, first.heard(), second.heard()], ['2', KERNEL, KERNEL])


def test_unreachable_from(network):
	"""Nothing may leave from the address that was asked (a rule of policy routing): the kernel's choice is better than nothing."""
	namespaces.ip('route add unreachable default table 100', f'rule add from {ONE} lookup 100 pref 50')
	try:
		with scene(network) as here:
			peer = here.peer()
			here.receive('main', peer, ONE)
			expect('a source without a way', [here.reply('main', peer)], [KERNEL])
	finally:
		namespaces.ip(f'rule del from {ONE} lookup 100 pref 50', 'route flush table 100')


def test_sandbox(network):
	"""A program that gave up socket() and connect() lives, when it speaks first and when a source has gone."""
	with scene(network) as here:
		peer, asker = here.peer(), here.peer()
		sources = [here.reply('main', peer)]
		here.receive('main', asker, ONE)
		here.puppet.tell('main', 'confine', 2)
		for address in (KERNEL, TWO):
			here.receive('main', peer, address)
		try:
			namespaces.ip(f'addr del {ONE}/24 dev {lab.INTERFACE}')
			sources.append(here.reply('main', asker))
		finally:
			namespaces.ip(f'addr add {ONE}/24 brd + dev {lab.INTERFACE}')
		expect('a program without socket() and connect()', sources, [KERNEL, KERNEL])


def test_sandbox_connects(network):
	"""A program that gave up socket() connects its server's socket to a peer."""
	with scene(network) as here:
		peer = here.peer()
		here.receive('main', peer, ONE)
		here.puppet.tell('main', 'confine', 1)
		here.puppet.tell('main', 'connect', here.fd, peer.address, peer.port)
		here.puppet.tell('main', 'send', here.fd, 'reply')
		expect('a program without socket() connects', [peer.heard()], [ONE])


def test_peek(network):
	"""A peek teaches as a receive does, and is no question of its own."""
	with scene(network) as here:
		asker, notified = here.peer(), here.peer()
		here.receive('main', asker, ONE, 'peek')
		here.puppet.tell('main', 'receive', here.fd)
		sources = [here.reply('main', asker), here.reply('main', notified)]
		expect('a peek before the receive', sources, [ONE, KERNEL])


def test_ports(network):
	"""One peer, one port of its own, two services: each is answered from where it was asked."""
	with scene(network) as here:
		peer = here.peer()
		second = here.puppet.open('4', OTHER_PORT)
		here.receive('main', peer, ONE)
		peer.says(TWO, OTHER_PORT)
		here.puppet.tell('main', 'receive', second)
		sources = [here.reply('main', peer), here.reply('main', peer, fd=second), here.reply('main', peer)]
		expect('one peer asks two services', sources, [ONE, TWO, ONE])


def tells_namespaces():
	"""Does the kernel tell the namespaces of sockets apart? Linux does from version 5.14 on."""
	with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
		try:
			any_socket.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8)
		except OSError as error:
			if error.errno != errno.ENOPROTOOPT:
				raise
			return False
	return True


def test_namespaces(network):
	"""Two network namespaces in one process, with the same addresses, the same port and the same peer."""
	if not tells_namespaces():
		tap.unsupported('two network namespaces in one process', 'this kernel has no SO_NETNS_COOKIE')
		return
	holder = subprocess.Popen(['unshare', '--net', 'sh', '-c', 'ip link set lo up && echo up && exec sleep 600'],
		stdout=subprocess.PIPE, text=True)
	try:
		if holder.stdout.readline() != 'up\n':
			raise namespaces.Unavailable('unshare(1) made no network namespace')
		other = os.open(f'/proc/{holder.pid}/ns/net', os.O_RDONLY | os.O_CLOEXEC)
		loopback = lab.Destination('loopback', '127.0.0.2', '127.0.0.1', on_server=True)
		with contextlib.ExitStack() as stack:
			here = Scene(stack, network)
			here.puppet.tell('main', 'thread', 't1')
			here.puppet.tell('t1', 'netns', f'/proc/{holder.pid}/ns/net')
			there = here.puppet.open('4', PORT, 't1')
			peer = here.peer(7777, loopback)
			twin = Peer(stack.enter_context(lab.Client(other, loopback, 7777)))
			here.receive('main', peer, '127.0.0.2')
			sources = [here.reply('main', peer)]
			# Never received from in the other namespace: the program speaks first.
			here.puppet.tell('t1', 'sendto', there, twin.address, twin.port, 'request')
			sources.append(twin.heard())
			twin.says('127.0.0.3', PORT)
			here.puppet.tell('t1', 'receive', there)
			here.puppet.tell('t1', 'sendto', there, twin.address, twin.port, 'reply')
			sources += [twin.heard(), here.reply('main', peer)]
			fresh = here.puppet.open('4', 0, 't1')
			here.receive('main', peer, '127.0.0.2')
			here.puppet.tell('t1', 'sendto', fresh, twin.address, twin.port, 'request')
			sources.append(twin.heard())
		expect('two network namespaces in one process', sources,
			['127.0.0.2', '127.0.0.1', '127.0.0.3', '127.0.0.2', '127.0.0.1'])
	finally:
		holder.kill()
		holder.wait()


def test(network):
	assert PRIMARY.address == KERNEL
	for kind in ('thread', 'fork'):
		test_handover(network, kind)
	test_two_receivers(network)
	test_forked_at_once(network)
	test_stream(network)
	test_notify(network)
	test_reply_to_other_port(network)
	test_fresh_sockets(network)
	test_client_sockets(network)
	test_client_in_conversation(network)
	test_own_address(network)
	test_address_gone(network)
	test_unreachable_from(network)
	test_sandbox(network)
	test_sandbox_connects(network)
	test_peek(network)
	test_ports(network)
	test_namespaces(network)


lab.main(test)
