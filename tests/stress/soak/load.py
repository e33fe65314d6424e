# SPDX-License-Identifier: MIT
"""Peers that come and go: each asks at one local address or at all in turn, and looks where the
answers come from. A client of its own: it keeps a rate for hours and counts what was lost."""
import collections
import random
import select
import socket
import time
from dataclasses import asdict, dataclass

import lab
import namespaces

# Where is asked: addresses of an interface, of lo, and of no interface, with a route of type local (AnyIP).
ASKED = {
	socket.AF_INET: ('192.0.2.1', '192.0.2.2', '192.0.2.3', '198.51.100.53', '198.51.100.200'),
	socket.AF_INET6: ('2001:db8::1', '2001:db8::2', '2001:db8:53::53', '2001:db8:5353::1'),
}
# All of these networks belong to the client, which has a route to the server's AnyIP networks.
PEERS4, PEERS6 = '203.0.113.', '2001:db8:99::'
PATIENCE = 10.0         # seconds after which a question or its answer counts as lost: much more than any server takes
TRIES = 3
NUMBERS = 30000         # questions carry their number in 16 bits
LAPS = 4                # one peer in so many asks at all addresses, the others at one
BACKLOG = 0.1           # seconds of questions that are made up for after a pause of this process


def connect_networks(network):
	"""Routes for all the peers' addresses, and for more of the server's."""
	namespaces.ip('route add local 198.51.100.128/25 dev lo', f'route add {PEERS4}0/24 via 192.0.2.100',
		'route add local 2001:db8:5353::/64 dev lo', f'route add {PEERS6}/64 via 2001:db8::100')
	with network.client_network():
		namespaces.ip(f'route add local {PEERS4}0/24 dev lo', 'route add 198.51.100.128/25 via 192.0.2.1',
			f'route add local {PEERS6}/64 dev lo', 'route add 2001:db8:5353::/64 via 2001:db8::1')
		namespaces.set_sysctl('ipv4/ip_local_port_range', '1024 65535')
		namespaces.set_sysctl('ipv6/ip_nonlocal_bind', 1)


@dataclass
class Totals:
	questions: int = 0      # those asked again are not counted twice
	answers: int = 0
	peers: int = 0          # sockets, each with a port and an address of its own
	wrong: int = 0          # answers from another address than the one that was asked
	lost: int = 0           # questions without an answer in time; asked again
	unanswered: int = 0     # those without an answer whatever was done
	strange: int = 0        # datagrams that answer nothing that is asked: answers that came twice, or late
	example: str = ''       # of a wrong source


class Peer:
	"""A socket. At most one of its questions is under way."""

	def __init__(self, family, address, places):
		self.socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
		self.socket.bind((address, 0))
		self.places = places            # where it is still going to ask
		self.place = self.request = None
		self.since = self.tries = 0


class Load:
	"""Asks a server at a rate for as long as run() is called. In the client's namespace."""

	def __init__(self, server, rate, seed):
		self.server, self.row = server, server.row
		self.totals = Totals()
		self._families = sorted(server.families)
		self._period = 1 / (rate * server.share)
		self._due = time.monotonic()
		self._random = random.Random(seed)
		self._asking, self._waiting = {}, collections.deque()
		self._poll = select.epoll()
		self._turn = 0

	def run(self, until):
		"""Ask until that time (of time.monotonic())."""
		while (now := time.monotonic()) < until:
			self._due = max(self._due, now - BACKLOG)
			if self._due <= now and len(self._asking) < self.server.window:
				self._ask_next(now)
				self._due += self._period
			self._receive(min(until, self._due if len(self._asking) < self.server.window else until) - now)
			self._look_for_lost(time.monotonic())

	def finish(self):
		"""Wait for the answers that are still under way."""
		end = time.monotonic() + PATIENCE * TRIES
		while self._asking and time.monotonic() < end:
			self._receive(0.1)
			self._look_for_lost(time.monotonic())

	def _new_peer(self):
		self.totals.peers += 1
		self._turn += 1
		family = self._families[self._turn % len(self._families)]
		places = collections.deque(ASKED[family])
		places.rotate(self._turn)
		if self._turn % LAPS:
			places = collections.deque([places[0]])
		if family == socket.AF_INET:
			return Peer(family, f'{PEERS4}{self._random.randrange(1, 255)}', places)
		return Peer(family, f'{PEERS6}{self._random.randrange(1, 0xffff):x}:{self._random.randrange(0xffff):x}', places)

	def _ask_next(self, now):
		peer = self._waiting.popleft() if self._waiting else self._new_peer()
		peer.place = peer.places.popleft()
		peer.request = self.row.datagram(self.totals.questions % NUMBERS, lab.Destination(peer.place, peer.place, ''))
		peer.tries = 0
		self.totals.questions += 1
		self._asking[peer.socket.fileno()] = peer
		self._poll.register(peer.socket, select.EPOLLIN)
		self._send(peer, now)

	def _send(self, peer, now):
		peer.since = now
		peer.tries += 1
		peer.socket.sendto(peer.request, (peer.place, self.row.port))

	def _receive(self, patience):
		for descriptor, _ in self._poll.poll(max(0, patience)):
			peer = self._asking[descriptor]
			answer, source = peer.socket.recvfrom(65535)
			if self.row.is_answer(answer, peer.request):
				self._judge(peer, source)
				self._settle(peer)
			else:
				self.totals.strange += 1

	def _judge(self, peer, source):
		self.totals.answers += 1
		if source[0] != peer.place or source[1] != self.row.port and not self.server.any_port:
			self.totals.wrong += 1
			self.totals.example = f'asked at {peer.place}, answered from {source[0]} port {source[1]}'

	def _settle(self, peer):
		del self._asking[peer.socket.fileno()]
		self._poll.unregister(peer.socket)
		if peer.places:
			self._waiting.append(peer)
		else:
			peer.socket.close()

	def _look_for_lost(self, now):
		for peer in [peer for peer in self._asking.values() if now - peer.since > PATIENCE]:
			self.totals.lost += peer.tries == 1
			if peer.tries < TRIES:
				self._send(peer, now)
			else:
				self.totals.unanswered += 1
				self._settle(peer)

	def state(self):
		return asdict(self.totals)
