# SPDX-License-Identifier: MIT
"""Servers that confine themselves: less rights, no files, no terminal, small limits, few system calls. They serve as
without the library, only from the right address."""
import socket
import sys
import time
from typing import NamedTuple

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import namespaces
import tap
from patterns import argv
from program import NotReady, Program, is_bound

DATAGRAMS = ('recvfrom/sendto', 'recvmsg/sendmsg')
VECTORS = ('recvmmsg/sendmmsg',)
CONNECTED = ('connect-recv-send',)
FRESH = ('fresh-sendto',)
ALL = DATAGRAMS + VECTORS + CONNECTED + FRESH


class Confinement(NamedTuple):
	title: str
	option: str
	modes: tuple = ALL


# -c is before the socket is made, -C after it was bound.
CONFINED = (
	Confinement('another user, after bind()', '-C user'),
	Confinement('no capabilities, after bind()', '-C capabilities'),
	Confinement('chroot, before bind()', '-c chroot'),
	Confinement('chroot, after bind()', '-C chroot'),
	Confinement('daemon(), before bind()', '-c daemon'),
	Confinement('daemon(), after bind()', '-C daemon'),
	Confinement('no descriptor 0 to 2, before bind()', '-c bare-daemon'),
	Confinement('no descriptor 0 to 2, after bind()', '-C bare-daemon'),
	Confinement('all limits at once, after bind()', '-C limits', DATAGRAMS + VECTORS + CONNECTED),
	Confinement('seccomp', '-C seccomp', DATAGRAMS),
	Confinement('seccomp with what recvmmsg() takes', '-C seccomp-vectors', VECTORS),
	Confinement('seccomp with what connect() takes', '-C seccomp-connect', CONNECTED),
)


def await_daemon():
	"""The port is bound by a child of the program that was started, which has ended."""
	end = time.monotonic() + lab.DEADLINE
	while not is_bound(lab.PORT):
		if time.monotonic() > end:
			raise NotReady('the daemon has not bound its port')
		time.sleep(0.005)


def start(command, helped, **settings):
	program = Program(command, helped, settings)
	try:
		if any(word.endswith('daemon') for word in command):
			await_daemon()
		else:
			program.await_bound(lab.PORT, lab.DEADLINE)
	except BaseException:
		program.stop()
		raise
	return program


def ask(network, command, destination, helped):
	"""The sources of the answers, and what the server complained of."""
	try:
		program = start(command, helped)
	except NotReady as reason:
		return [], str(reason)
	with program, network.client(destination) as client:
		sources = [client.ask(b'first')]
		# Without the library, a socket that was connected does not hear the second.
		if helped:
			sources.append(client.ask(b'second'))
		return sources, program.errors()


def test_confined(network, confined, mode, destination):
	command = argv(mode, '-D', *confined.option.split())
	title = f'{confined.title}, {mode}, {destination.title}'
	plain, complaint = ask(network, command, destination, helped=False)
	if 'Operation not permitted' in complaint or 'Invalid argument' in complaint:
		tap.unavailable(title, f'not to be had here: {complaint}')
		return
	helped, helped_complaint = ask(network, command, destination, helped=True)
	tap.check(plain and plain[0] not in (None, destination.address) and helped == [destination.address] * 2, title,
		f'plain, from:     {plain} {complaint}', f'replyfrom, from: {helped} {helped_complaint}')


def test_number_2_is_ours(network, destination):
	"""The server's own socket is descriptor 2, and connected to the client: a log line would be a datagram."""
	with start(argv('connect-recv-send', '-D', '-c', 'close-2'), True, REPLYFROM_LOG='debug') as program, \
			network.client(destination) as client:
		received = []
		for payload in (b'first', b'second'):
			client.send(payload)
			received.append(client.receive())
		program.stop()
		received.append(client.receive(lab.LOSS))
	expected = [(payload, destination.address, lab.PORT) for payload in (b'first', b'second')] + [None]
	tap.check(received == expected, f'descriptor 2 is the UDP socket, {destination.title}: nothing is written there',
		f'expected: {expected}', f'received: {received}')


def test_number_2_is_tcp(network, destination):
	"""Descriptor 2 is a TCP connection: a log line would get into it."""
	with namespaces.inside(network.client_namespace):
		listener = socket.create_server(('192.0.2.100', lab.PORT + 1))
	listener.settimeout(lab.DEADLINE)
	with listener, start(argv('recvfrom/sendto', '-D', '-c', 'tcp-2'), True, REPLYFROM_LOG='debug') as program, \
			network.client(destination) as client:
		source = client.ask(b'first')
		connection, _ = listener.accept()
		program.stop()
		with connection:
			connection.settimeout(lab.DEADLINE)
			written = connection.recv(4096)
	tap.check(source == destination.address and written == b'',
		f'descriptor 2 is a TCP connection, {destination.title}: nothing is written there', source, written)


def test(network):
	destinations = [each for each in (lab.SECONDARY, lab.FIRST6) if network.has(each)]
	for confined in CONFINED:
		for mode in confined.modes:
			for destination in destinations:
				test_confined(network, confined, mode, destination)
	for destination in destinations:
		test_number_2_is_ours(network, destination)
		test_number_2_is_tcp(network, destination)


lab.main(test)
