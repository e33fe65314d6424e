# SPDX-License-Identifier: MIT
"""Conversations with a program at one destination: each gives the sources of the answers, in order."""
import contextlib
import select
import socket
import struct
import subprocess
import time

import cases
import lab
import namespaces
from cases import Sources

TRIES = 2
ETH_P_ALL = 3
PACKET_OUTGOING = 4


class Conversation:
	"""What a talk needs to know. `patience` is how long an answer may take."""

	def __init__(self, row, network, program, destination, patience, later_patience):
		self.row, self.network, self.program, self.destination = row, network, program, destination
		self._patience, self._later_patience = patience, later_patience

	def patience(self, number):
		return self._later_patience if number else self._patience

	def client(self):
		return self.network.client(self.destination, self.row.client_port)


def _await_answer(client, row, request, patience):
	"""(payload, source, port) of the first datagram that is an answer to the request, or None."""
	end = time.monotonic() + patience
	while (left := end - time.monotonic()) > 0:
		answer = client.receive(left)
		if answer and row.is_answer(answer[0], request):
			return answer
	return None


def exchange(conversation, client, number, port=None):
	"""Send one request, twice if need be (the family's second socket may come up later); the answer, or None."""
	row = conversation.row
	request = row.datagram(number, conversation.destination)
	for _ in range(TRIES):
		with contextlib.suppress(OSError):
			client.send(request, port=port or row.port)
		answer = _await_answer(client, row, request, conversation.patience(number) / TRIES)
		if answer:
			return answer
	return None


def ask(conversation):
	"""As many requests as the program answers to one peer, until one is lost."""
	sources = Sources()
	with conversation.client() as client:
		for number in range(conversation.row.flow):
			answer = exchange(conversation, client, number)
			sources.append(answer and answer[1])
			if answer is None:
				break
	return sources


def chat(conversation):
	"""Somebody at the program's terminal answers."""
	sources = Sources()
	with conversation.client() as client:
		for number in range(conversation.row.flow):
			payload = conversation.row.datagram(number, conversation.destination)
			sources.append(cases.chat(conversation.program, client, payload, conversation.patience(number)))
			if sources[-1] is None:
				break
	return sources


def transfer(conversation):
	"""TFTP: the request, then an acknowledgement to the address that was asked, at the port that the first block came from."""
	sources = Sources()
	with conversation.client() as client:
		block = exchange(conversation, client, 0)
		sources.append(block and block[1])
		if block:
			client.send(b'\0\4\0\1', port=block[2])
			end = time.monotonic() + conversation.patience(1)
			while block and block[0][:4] != b'\0\3\0\2':
				left = end - time.monotonic()
				block = client.receive(left) if left > 0 else None
			sources.append(block and block[1])
			if block:
				client.send(b'\0\5\0\0enough\0', port=block[2])
	return sources


class _Wire:
	"""Sees the datagrams that come to the client's side, whatever its sockets think of them."""

	def __init__(self, network, destination):
		namespace = network.server_namespace if destination.on_server else network.client_namespace
		with namespaces.inside(namespace):
			self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
			self.socket.bind(('lo' if destination.on_server else lab.INTERFACE, 0))

	def sources(self, port):
		"""The source addresses of the datagrams from that port that were seen until now."""
		while select.select([self.socket], [], [], 0)[0]:
			packet, (_, _, kind, *_) = self.socket.recvfrom(65535)
			if kind == PACKET_OUTGOING:
				continue
			if packet[0] >> 4 == 4 and packet[9] == socket.IPPROTO_UDP:
				size, source = (packet[0] & 15) * 4, socket.inet_ntop(socket.AF_INET, packet[12:16])
			elif packet[0] >> 4 == 6 and packet[6] == socket.IPPROTO_UDP:
				size, source = 40, socket.inet_ntop(socket.AF_INET6, packet[8:24])
			else:
				continue
			if struct.unpack_from('!H', packet, size)[0] == port:
				yield source

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.socket.close()


def with_client(*argv):
	"""A talk by a real client: @ADDRESS@ is the destination, @HOST@ the same as in a URL. It succeeds only if it gets answers from there; the wire shows
	where they came from if it does not."""
	def talk(conversation):
		destination, row = conversation.destination, conversation.row
		host = f'[{destination.address}]' if ':' in destination.address else destination.address
		command = [row.find(argv[0]), *(word.replace('@ADDRESS@', destination.address).replace('@HOST@', host) for word in argv[1:])]
		side = conversation.network.server_namespace if destination.on_server else conversation.network.client_namespace
		with _Wire(conversation.network, destination) as wire:
			with namespaces.inside(side):
				client = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
			try:
				succeeded = client.wait(conversation.patience(0) + lab.DEADLINE) == 0
			except subprocess.TimeoutExpired:
				succeeded = False
				client.kill()
				client.wait()
			seen = Sources(wire.sources(row.port))
		strange = [source for source in seen if source != destination.address]
		if succeeded and seen and not strange:
			return Sources([destination.address] * row.flow)
		return Sources([*(strange or seen or [None])[:1], None])
	return talk
