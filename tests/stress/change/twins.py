# SPDX-License-Identifier: MIT
"""Two servers that differ in nothing but the library, in one namespace: each change of the network happens to both at once."""
import itertools
import sys
import time

sys.path.insert(1, f'{sys.path[0]}/../../lib')

import lab
import namespaces
import program

SERVE = f'{program.BUILD_DIRECTORY}/tests/stress/change/serve'

ANYIP6 = '2001:db8:99::77'


def prepare(network):
	"""A link and a bridge to move to, an AnyIP address, and routes of the client's that don't go with the server's addresses."""
	namespaces.set_sysctl('ipv4/conf/all/promote_secondaries', 1)
	namespaces.ip('link add eth1 type veth peer name eth2', 'link set eth1 up', 'link set eth2 up',
		'link add br0 type bridge forward_delay 0', 'link set br0 up')
	with network.client_network():
		namespaces.ip('route replace 198.51.100.53/32 via 192.0.2.3')
	if network.has_ipv6:
		namespaces.ip('link set br0 addrgenmode none', f'route add local {ANYIP6}/128 dev lo')
		with network.client_network():
			namespaces.ip('route replace 2001:db8:53::53/128 via fe80::53 dev eth0', f'route add {ANYIP6}/128 via fe80::53 dev eth0')


def ip(*lines):
	"""Commands of ip(8), in order; what is for IPv6 only begins with -6."""
	for options, group in itertools.groupby(lines, lambda line: ('-6',) if line.startswith('-6 ') else ()):
		namespaces.ip(*(line.removeprefix('-6 ') for line in group), options=options)


class Talker(program.Program):
	"""A program that answers each line with a line."""

	def tell(self, line, patience=lab.DEADLINE):
		self.type(f'{line}\n'.encode())
		return self.line(line, patience)

	def line(self, cause, patience=lab.DEADLINE):
		"""The next line that it prints."""
		if not self.shows(b'\n', patience):
			raise program.NotReady(f'{" ".join(self.argv)} does not {cause}: {self.errors()}')
		line, _, self._shown = self._shown.partition(b'\n')
		return line.decode()


class Server:
	"""A server of tests/stress/change/serve."""

	def __init__(self, family, way, port, helped):
		self.port = port
		self.title = f'{way} {family}'
		self.program = Talker([SERVE, family, way, str(port)], helped)
		self.program.await_bound(port, lab.DEADLINE)

	def tell(self, line):
		return self.program.tell(line)

	def await_queued(self):
		"""Wait until something is in the receive queue."""
		end = time.monotonic() + lab.DEADLINE
		while program.has_read_all(self.port):
			if time.monotonic() > end:
				raise program.NotReady(f'nothing arrives at {self.title}')
			time.sleep(0.002)

	def counts(self):
		"""What the server counted since its start, by name; failures by errno-N too."""
		words = self.tell('report').split()
		return {name: int(count) for name, count in zip(words[::2], words[1::2])}

	def stop(self):
		self.program.stop()


class Twins:
	"""The plain one and the helped one."""

	def __init__(self, family, way, port=lab.PORT):
		self.plain = Server(family, way, port, helped=False)
		try:
			self.helped = Server(family, way, port + 1, helped=True)
		except BaseException:
			self.plain.stop()
			raise

	def __iter__(self):
		return iter((self.plain, self.helped))

	def __enter__(self):
		return self

	def __exit__(self, *_):
		for server in self:
			server.stop()
