# SPDX-License-Identifier: MIT
"""A server, its well-behaved client and an attacker: one battle, and what came of it."""
import contextlib
import fcntl
import os
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

sys.path.insert(1, f'{sys.path[0]}/../../lib')

import lab
import namespaces
from program import BUILD_DIRECTORY

PROGRAMS = f'{BUILD_DIRECTORY}/tests/stress/hostile'
FIXED_KEY = f'{PROGRAMS}/fixedkey.so'
MARK, MARK_ANSWER = 0x4d41524b, 0x4d41414e
MESSAGE = struct.Struct('=IIIiQQ')      # struct message of hostile.h
SIOCGIFHWADDR = 0x8927
CLIENTS = 64
PLAIN = ('192.0.2.1', '2001:db8::2')    # the kernel's own choices; every battle without the library proves it
ASKED4 = ('192.0.2.2', '192.0.2.3', '198.51.100.53', '198.51.100.70')
ASKED6 = ('2001:db8::1', '2001:db8:53::53', '2001:db8:a::4711')
TICK = os.sysconf('SC_CLK_TCK')


class Network:
	"""The lab, with addresses for the well-behaved hosts and routes for answers to anybody."""

	def __init__(self, network):
		self.lab = network
		families = (4, 6) if network.has_ipv6 else (4,)
		namespaces.ip(*self._server(families))
		for name in ('all', 'default', lab.INTERFACE):
			namespaces.set_sysctl(f'ipv4/conf/{name}/accept_local', 1)
		with network.client_network():
			namespaces.ip(*self._client(families))
		self.server_mac = self._hardware_address()

	@staticmethod
	def _server(families):
		yield f'link set {lab.INTERFACE} mtu 65535'
		yield 'route add local 198.51.100.64/26 dev lo'
		yield 'route add default via 192.0.2.100'
		yield 'route add blackhole 192.0.2.128/25'
		if 6 in families:
			yield 'route add local 2001:db8:a::/96 dev lo'
			yield 'route add default via 2001:db8::100'
			yield 'route add blackhole 2001:db8:7000::/36'

	@staticmethod
	def _client(families):
		yield f'link set {lab.INTERFACE} mtu 65535'
		yield 'route add 198.51.100.64/26 via 192.0.2.1'
		yield 'route add blackhole 203.0.113.0/24'
		for number in range(CLIENTS):
			yield f'addr add 198.51.100.{128 + number}/32 dev lo'
		if 6 in families:
			yield 'route add 2001:db8:a::/96 via 2001:db8::1'
			yield 'route add blackhole 2001:db8:8000::/33'
			for number in range(CLIENTS):
				yield f'addr add 2001:db8:c::{number + 1:x}/128 dev lo nodad'

	@staticmethod
	def _hardware_address():
		with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
			answer = fcntl.ioctl(any_socket, SIOCGIFHWADDR, struct.pack('256s', lab.INTERFACE.encode()))
		return answer[18:24].hex(':')


@dataclass
class Row:
	"""What became of the questions with one delay, in datagrams between question and answer."""
	delay: int
	asked: int = 0
	right: int = 0
	plain: int = 0      # from the kernel's own choice
	other: int = 0      # from a third address
	lost: int = 0


@dataclass
class Outcome:
	rows: dict = field(default_factory=dict)
	datagrams: int = 0
	seconds: float = 0.0        # of processor time
	resident: tuple = (0, 0)    # KiB before and after
	mapped: tuple = (0, 0)
	counted: Counter = field(default_factory=Counter)   # by the kernel, on the server's side
	remarks: list = field(default_factory=list)

	def add(self, lines):
		for line in lines.splitlines():
			delay, *counts = map(int, line.split())
			row = self.rows.setdefault(delay, Row(delay))
			for name, count in zip(('asked', 'right', 'plain', 'other', 'lost'), counts):
				setattr(row, name, getattr(row, name) + count)

	def total(self, name):
		return sum(getattr(row, name) for row in self.rows.values())

	@property
	def dropped(self):
		"""Datagrams that found the server's queue full."""
		return self.counted['Udp.RcvbufErrors'] + self.counted['Udp6RcvbufErrors']

	@property
	def cost(self):
		"""Processor time for each datagram, in seconds."""
		return self.seconds / max(self.datagrams, 1)

	def __str__(self):
		names = ('asked', 'right', 'plain', 'other', 'lost')
		return '\n'.join([
			*(f'after {row.delay}: ' + ', '.join(f'{getattr(row, name)} {name}' for name in names)
				for row in self.rows.values()),
			f'{self.datagrams} datagrams read, {self.dropped} dropped, KiB resident {self.resident}, mapped {self.mapped}',
			*self.remarks])


class Mark:
	"""Asks the server about itself."""

	def __init__(self, network, address):
		with network.lab.client_network():
			self._socket = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM)
		self._socket.connect((address, lab.PORT))
		self._socket.settimeout(lab.DEADLINE)

	def ask(self):
		"""The server's process id, and how many datagrams it read."""
		self._socket.send(MESSAGE.pack(MARK, 1, 0, 0, 0, 0))
		kind = None
		while kind != MARK_ANSWER:
			kind, _, _, pid, read, _ = MESSAGE.unpack(self._socket.recv(MESSAGE.size))
		return pid, read

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self._socket.close()


def _processor_time(pid):
	with open(f'/proc/{pid}/stat') as file:
		fields = file.read().rpartition(')')[2].split()
	return (int(fields[11]) + int(fields[12])) / TICK


def _memory(pid):
	"""KiB resident and mapped."""
	with open(f'/proc/{pid}/status') as file:
		sizes = dict(line.split(':', 1) for line in file)
	return tuple(int(sizes[name].split()[0]) for name in ('VmRSS', 'VmSize'))


def _counters():
	"""What the kernel counted in the server's namespace: Udp.InCsumErrors and so on."""
	counters = Counter()
	with open('/proc/thread-self/net/snmp') as file:
		for names, numbers in zip(file, file):
			protocol, *names = names.split()
			counters.update({protocol.rstrip(':') + '.' + name: int(number) for name, number in zip(names, numbers.split()[1:])})
	with contextlib.suppress(FileNotFoundError), open('/proc/thread-self/net/snmp6') as file:
		counters.update({name: int(number) for name, number in map(str.split, file)})
	return counters


@contextlib.contextmanager
def _attacker(network, attack, seed, peers, addresses):
	"""The attack, under way within the block."""
	with network.lab.client_network():
		process = subprocess.Popen([f'{PROGRAMS}/attacker', attack, lab.INTERFACE, network.server_mac, str(seed), str(peers),
			*addresses], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
	try:
		if process.stdout.readline() != b'ready\n':
			raise RuntimeError(f'the attack {attack} did not begin')
		yield
		if process.poll() is not None:
			raise RuntimeError(f'the attack {attack} ended by itself, with {process.returncode}')
	finally:
		process.stdin.close()
		try:
			process.wait(lab.DEADLINE)
		except subprocess.TimeoutExpired:
			process.kill()
			process.wait()
		process.stdout.close()


@dataclass
class Battle:
	"""Who fights, and for how long: the client asks so many questions, and again until `seconds` are over."""
	attack: str
	mode: str = 'at-once'
	family: str = '-D'
	receivers: int = 1
	delays: tuple = (0,)
	hosts: int = CLIENTS
	ports: int = 1          # of each host
	questions: int = 8      # of each port
	seconds: float = 0.0
	patience: int = 5
	peers: int = 65536      # REPLYFROM_PEERS
	errors: bool = False    # the server wants ICMP errors

	def __str__(self):
		receivers = f', {self.receivers} receivers' if self.receivers > 1 else ''
		return f'{self.attack}, server {self.family} {self.mode}{receivers}'

	def _asked(self, with_plain):
		"""With the kernel's choice among the addresses, unless rates are to be measured."""
		asked4 = (*PLAIN[:1], *ASKED4) if with_plain else ASKED4
		asked6 = (*PLAIN[1:], *ASKED6) if with_plain else ASKED6
		return {'-4': asked4, '-6': asked6, '-D': asked4 + asked6}[self.family]

	def _client(self, network, seed, hosts, delays):
		argv = [f'{PROGRAMS}/client', hosts, self.ports, self.questions, self.patience, seed, *PLAIN,
			','.join(map(str, delays)), *self._asked(self.mode != 'late')]
		with network.lab.client_network():
			return subprocess.run(list(map(str, argv)), capture_output=True, text=True, check=True)

	def _under_attack(self, network, outcome):
		end = time.monotonic() + self.seconds
		with _attacker(network, self.attack, 1, self.peers, self._asked(True)):
			seed = 1
			while seed == 1 or time.monotonic() < end and not outcome.total('lost'):
				run = self._client(network, seed, self.hosts, self.delays)
				outcome.add(run.stdout)
				outcome.remarks += run.stderr.splitlines()
				seed += 1

	def fight(self, network, helped):
		outcome = Outcome()
		argv = [f'{PROGRAMS}/server', self.family, self.mode, str(self.receivers), *(['errors'] if self.errors else [])]
		settings = {'REPLYFROM_PEERS': str(self.peers)}
		if self.attack == 'aimed':
			settings['LD_PRELOAD'] = FIXED_KEY
		with network.lab.start(argv, helped, **settings), Mark(network, self._asked(True)[0]) as mark:
			# What the server and its threads take to begin with, they take now; most hosts are new to it later.
			self._client(network, 0, 1, (0,))
			pid, read = mark.ask()
			counters, spent, before = _counters(), _processor_time(pid), _memory(pid)
			self._under_attack(network, outcome)
			after = _memory(pid)
			outcome.seconds = _processor_time(pid) - spent
			outcome.datagrams = mark.ask()[1] - read
			outcome.counted = _counters()
			outcome.counted.subtract(counters)
		outcome.resident, outcome.mapped = zip(before, after)
		return outcome
