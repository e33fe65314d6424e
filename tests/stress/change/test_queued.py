# SPDX-License-Identifier: MIT
"""
A datagram waits in the server's queue, the network changes, and then it is answered: from where it was asked, or as without
the library.
"""
import contextlib
import errno
import os
import socket
import subprocess
import time

import twins
from waiting import AS_PLAIN, ASKED, CHANGES

import lab
import namespaces
import program
import tap

WAYS = ('calls', 'vectors', 'fresh')
IS_SHORT = 'CHANGE_ROUNDS' not in os.environ     # half of the pairs of way and family


def restore(network):
	"""The kernel takes the newest IPv6 address: that has to be another than where will be asked, whatever came and went."""
	if network.has_ipv6:
		newest = f'{lab.NEWEST6.address}/64 dev {lab.INTERFACE}'
		twins.ip(f'addr del {newest}', f'addr add {newest} nodad')


def await_shown(text):
	end = time.monotonic() + lab.DEADLINE
	while text not in subprocess.run(['ip', 'addr'], capture_output=True, text=True, check=True).stdout:
		if time.monotonic() > end:
			raise namespaces.Unavailable(f'no address is {text}')
		time.sleep(0.01)


@contextlib.contextmanager
def duplicate(network, change):
	"""The client claims the address for the time of the block, if that belongs to the change."""
	if change.duplicate:
		with network.client_network():
			namespaces.ip(f'addr add {change.destination.address}/128 dev eth0 nodad')
	try:
		yield
	finally:
		if change.duplicate:
			with network.client_network():
				namespaces.ip(f'addr del {change.destination.address}/128 dev eth0')


class Case:
	"""One change with one way to serve. `steps`: where the twins' datagrams came from, or errno-N, or None for what got lost."""

	def __init__(self, network, change, family, way):
		self.network, self.change = network, change
		self.steps = {}
		with twins.Twins(family, way) as self.twins, network.client(change.destination) as self.client:
			for other in change.before:
				with network.client(other) as another:
					for server in self.twins:
						another.ask(b'before', port=server.port)
			self._ask_both('asked')
			self._go_through()

	def _receive(self, payload):
		answer = self.client.receive()
		while answer and answer[0] != payload:
			answer = self.client.receive()
		return answer and answer[1]

	def _ask_both(self, title):
		payload = title.encode()
		self.last = dict.fromkeys(self.twins, payload)
		self.steps[title] = [self.client.ask(payload, port=server.port) for server in self.twins]

	def _answer_queued(self, server):
		before = server.counts()
		server.tell('go')
		failures = [name for name, count in server.counts().items() if name.startswith('errno') and count != before.get(name)]
		return failures[0] if failures else self._receive(b'queued')

	def _push_both(self, title):
		"""The servers send their last answer once more."""
		def push(server):
			said = server.tell('push').split()[1]
			return f'errno-{said}' if said != '0' else self._receive(self.last[server])
		self.steps[title] = [push(server) for server in self.twins]

	def _go_through(self):
		for server in self.twins:
			server.tell('hold')
			self.client.send(b'queued', port=server.port)
			server.await_queued()
		self.last = dict.fromkeys(self.twins, b'queued')
		try:
			with duplicate(self.network, self.change):
				for name, value, _ in self.change.sysctls:
					namespaces.set_sysctl(name, value)
				twins.ip(*self.change.commands)
				if self.change.awaits:
					await_shown(self.change.awaits)
				self.steps['queued'] = [self._answer_queued(server) for server in self.twins]
				self._push_both('sent again')
		finally:
			twins.ip(*self.change.undo)
			for name, _, value in self.change.sysctls:
				namespaces.set_sysctl(name, value)
		self._await_plain()
		self._push_both('sent when undone')
		self._ask_both('asked after all')
		self._push_both('sent after all')

	def _await_plain(self):
		"""The network is as before when the plain server answers again."""
		end = time.monotonic() + lab.DEADLINE
		payload = b'ready? 0'
		while not self.client.ask(payload, port=self.twins.plain.port, patience=0.02):
			payload = b'ready? %d' % (int(payload[7:]) + 1)
			if time.monotonic() > end:
				raise program.NotReady(f'{self.change.title}: not undone')
		self.last[self.twins.plain] = payload

	def _expected(self, title, plain):
		asked = self.change.destination.address
		if title in ('queued', 'sent again') and self.change.outcome != ASKED:
			return plain if self.change.outcome == AS_PLAIN else f'errno-{errno.EACCES}'
		# Refused, and the datagram went out without: forgotten. If it did not go out either way, the source was not at fault.
		if title == 'sent when undone' and self.change.outcome == AS_PLAIN and not self.steps['queued'][1].startswith('errno'):
			return plain
		return asked

	def wrong(self):
		"""The steps that are not as they have to be."""
		return [title for title, (plain, helped) in self.steps.items()
			if helped is None or helped != self._expected(title, plain)]


def judge(case, title):
	wrong = case.wrong()
	shown = [f'{step}: plain {plain}, replyfrom {helped}{" WRONG" * (step in wrong)}'
		for step, (plain, helped) in case.steps.items()]
	# Without a difference to the plain server at the start, the case would say nothing.
	tap.check(case.steps['asked'][0] != case.steps['asked'][1] and not wrong, title, *shown)


def test(network):
	try:
		twins.prepare(network)
	except namespaces.Unavailable as reason:
		tap.unavailable_all(str(reason))
	for change in CHANGES:
		for way in WAYS:
			own = '-4' if change.destination.family == socket.AF_INET else '-6'
			families = (own, '-D')
			for family in families[way == 'vectors':][:1] if IS_SHORT else families:
				title = f'{way} {family}, {change.destination.title}, {change.title}: answered {change.outcome}'
				if not network.has(change.destination):
					tap.unavailable(title, 'no IPv6 on this machine')
					continue
				restore(network)
				judge(Case(network, change, family, way), title)


lab.main(test)
