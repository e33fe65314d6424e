# SPDX-License-Identifier: MIT
"""The lab: a server with many addresses and a client, each in a network namespace of its own, joined by a veth pair."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from typing import NamedTuple

import namespaces
import tap
from program import Program, SOURCE_DIRECTORY

INTERFACE = 'eth0'
PORT = 5000
# A server in Python: lab.ECHO KIND PORT.
ECHO = f'{SOURCE_DIRECTORY}/echo.py'
# Seconds for what has to happen, however slow the machine; programs under valgrind get more.
DEADLINE = float(os.environ.get('REPLYFROM_TEST_DEADLINE') or 20)
LOSS = 0.015 * DEADLINE     # seconds after which what should not arrive counts as lost


class Destination(NamedTuple):
	"""An address of the server, and the client's that asks there."""
	title: str
	address: str
	peer: str
	on_server: bool = False     # the client runs on the server's side
	by_chance: bool = False     # the kernel's own choice of source is this address

	@property
	def family(self):
		return socket.AF_INET6 if ':' in self.address else socket.AF_INET


PRIMARY = Destination('IPv4 primary', '192.0.2.1', '192.0.2.100', by_chance=True)
SECONDARY = Destination('IPv4 secondary', '192.0.2.2', '192.0.2.100')
ON_LO = Destination('IPv4 on lo', '198.51.100.53', '192.0.2.100')
LOOPBACK = Destination('IPv4 loopback', '127.0.0.53', '127.0.0.1', on_server=True)
FIRST6 = Destination('IPv6 first', '2001:db8::1', '2001:db8::100')
NEWEST6 = Destination('IPv6 newest', '2001:db8::2', '2001:db8::100', by_chance=True)
ON_LO6 = Destination('IPv6 on lo', '2001:db8:53::53', '2001:db8::100')
LINK_LOCAL = Destination('IPv6 link-local', 'fe80::1', 'fe80::100')

IPV4 = (SECONDARY, ON_LO, LOOPBACK, PRIMARY)
IPV6 = (FIRST6, NEWEST6, ON_LO6, LINK_LOCAL)
SERVER_ADDRESSES = {destination.address for destination in IPV4 + IPV6} | {
	'127.0.0.1', '192.0.2.3', 'fe80::53'}


class Client:
	"""An unconnected UDP socket that asks at one destination and sees from where the answer comes."""

	def __init__(self, namespace, destination, port=0):
		self.destination = destination
		with namespaces.inside(namespace):
			self.socket = socket.socket(destination.family, socket.SOCK_DGRAM)
			self.scope = 0
			if destination.address.startswith(('fe80:', 'ff02:')):
				self.scope = socket.if_nametoindex(INTERFACE)
		self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
		self.socket.bind(self.sockaddr(destination.peer, port))

	def sockaddr(self, address, port):
		return (address, port, 0, self.scope) if ':' in address else (address, port)

	def send(self, payload, address=None, port=PORT):
		self.socket.sendto(payload, self.sockaddr(address or self.destination.address, port))

	def receive(self, patience=DEADLINE):
		"""(payload, source address, source port), or None when nothing came in time."""
		self.socket.settimeout(patience)
		try:
			payload, source = self.socket.recvfrom(65535)
		except (TimeoutError, ConnectionRefusedError):
			return None
		return payload, source[0].split('%')[0], source[1]

	def ask(self, payload, address=None, port=PORT, patience=DEADLINE):
		"""The source address of the answer that repeats the payload, or None."""
		self.send(payload, address, port)
		answer = self.receive(patience)
		while answer and payload not in answer[0]:
			answer = self.receive(patience)
		return answer and answer[1]

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.socket.close()


class Lab:
	"""The two namespaces. This process is in the server's, for good: nothing that is done there touches the machine's own."""

	def __init__(self, own=True):
		"""own=False: the server's side is the namespace that this process is in, for a machine that is there for the test."""
		if not shutil.which('ip'):
			raise namespaces.Unavailable('ip(8) of iproute2 is not installed')
		machine = namespaces.handle()
		namespaces.leave_network()
		self.client_namespace = namespaces.handle()
		if own:
			namespaces.leave_network()
		else:
			namespaces.enter(machine)
		os.close(machine)
		self.server_namespace = namespaces.handle()
		self.has_ipv6 = os.path.exists('/proc/thread-self/net/if_inet6')
		namespaces.adopt_orphans()
		self._address()
		self._await_traffic()

	def _address(self):
		with namespaces.inside(self.client_namespace):
			self._allow()
		self._allow()
		namespaces.ip(
			f'link add {INTERFACE} type veth peer name {INTERFACE} netns /proc/self/fd/{self.client_namespace}',
			*self._setup('192.0.2.1/24', '192.0.2.2/24', '192.0.2.3/24', '198.51.100.53/32@lo',
				'2001:db8::1/64', '2001:db8::2/64', 'fe80::1/64', 'fe80::53/64', '2001:db8:53::53/128@lo'),
			descriptors=(self.client_namespace,))
		with self.client_network():
			namespaces.ip(*self._setup('192.0.2.100/24', '2001:db8::100/64', 'fe80::100/64'),
				'route add 198.51.100.53/32 via 192.0.2.1')
			if self.has_ipv6:
				namespaces.ip('route add 2001:db8:53::53/128 via 2001:db8::1')

	def _setup(self, *addresses):
		"""The commands that bring one side up with these addresses (ADDRESS/LENGTH[@INTERFACE])."""
		if self.has_ipv6:
			# Only the link-local addresses that we choose; and no waiting for duplicate address detection.
			yield f'link set {INTERFACE} addrgenmode none'
		yield 'link set lo up'
		yield f'link set {INTERFACE} up'
		for address in addresses:
			prefix, _, interface = address.partition('@')
			if ':' not in prefix:
				yield f'addr add {prefix} brd + dev {interface or INTERFACE}'
			elif self.has_ipv6:
				yield f'addr add {prefix} dev {interface or INTERFACE} nodad'

	@staticmethod
	def _allow():
		"""What the machine's own settings may have handed down must not decide a test."""
		for name in ('all', 'default'):
			namespaces.set_sysctl(f'ipv4/conf/{name}/rp_filter', 0)
			namespaces.set_sysctl(f'ipv6/conf/{name}/disable_ipv6', 0)
		namespaces.set_sysctl('ipv4/icmp_ratelimit', 0)

	def _await_traffic(self):
		"""A new link takes a moment: it is up when every address was reached once (which resolves the neighbours too)."""
		with socket.socket(socket.AF_INET6 if self.has_ipv6 else socket.AF_INET, socket.SOCK_DGRAM) as listener:
			if self.has_ipv6:
				listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
			listener.bind(('', PORT))
			listener.settimeout(0.02)
			for destination in filter(self.has, IPV4 + IPV6):
				with self.client(destination) as client:
					self._knock(listener, client)

	@staticmethod
	def _knock(listener, client):
		end = time.monotonic() + DEADLINE
		while time.monotonic() < end:
			with contextlib.suppress(OSError):
				client.send(b'')
				listener.recv(1)
				return
		raise namespaces.Unavailable(f'{client.destination.address} can not be reached in the namespace')

	def has(self, destination):
		return self.has_ipv6 or destination.family == socket.AF_INET

	def client(self, destination, port=0):
		return Client(self.server_namespace if destination.on_server else self.client_namespace, destination, port)

	def start(self, argv, helped, stdin=subprocess.PIPE, stderr=None, **settings):
		"""Start a program, plainly or helped by replyfrom, and wait until its port is bound."""
		program = Program(argv, helped, settings, stdin, stderr)
		try:
			program.await_bound(PORT, DEADLINE)
		except BaseException:
			program.stop()
			raise
		return program

	def client_network(self):
		"""For `ip` commands on the client's side."""
		return namespaces.inside(self.client_namespace)


def _end(number, _frame):
	sys.exit(128 + number)


def main(test):
	"""Run test(lab) and print the plan; skip it all where there are no namespaces."""
	for number in (signal.SIGTERM, signal.SIGHUP):
		signal.signal(number, _end)     # so that programs are stopped on the way out
	try:
		lab = Lab()
	except namespaces.Unavailable as reason:
		tap.unavailable_all(str(reason))
	test(lab)
	tap.finish()
