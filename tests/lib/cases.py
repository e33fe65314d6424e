# SPDX-License-Identifier: MIT
"""The table's loop: each program at each destination must be wrong without replyfrom and right with it."""
import shutil
from typing import Callable, NamedTuple

import lab
import tap
from program import NotReady, is_bound


class Server(NamedTuple):
	"""A program, how to talk with it, and where it can be asked."""
	name: str
	argv: tuple
	destinations: tuple
	talk: Callable
	once: bool = False      # serves one peer and ends: started anew for each destination
	flow: int = 2           # how many datagrams of one peer it serves
	ready: Callable = is_bound


def echo(_program, client, payload, patience):
	"""The program itself answers, with what it was sent."""
	return client.ask(payload, patience=patience)


def chat(program, client, payload, patience):
	"""Somebody sits at the program's terminal and answers what appears there."""
	client.send(payload)
	if not program.shows(payload, patience):
		return None
	answer = payload.replace(b'ask', b'tell')
	program.type(answer)
	received = client.receive(lab.DEADLINE)
	return received and received[1]


class Sources(list):
	"""Where the answers of one conversation came from; None for those that did not come."""

	def __str__(self):
		return ' then '.join(source or 'nothing' for source in self)


def _converse(network, server, program, destination, patience):
	"""As many datagrams as the server takes from one peer, until one is lost. The first must come; later ones get that patience."""
	sources = Sources()
	program.await_state(server.ready, lab.PORT, lab.DEADLINE)
	with network.client(destination) as client:
		for number in range(server.flow):
			payload = f'ask {number} {destination.title}\n'.encode()
			sources.append(server.talk(program, client, payload, patience if number else lab.DEADLINE))
			if sources[-1] is None:
				break
	return sources


def _ask_everywhere(network, server, destinations, helped):
	"""The sources of the answers at each destination, or the reason why there are none."""
	answers, program = {}, None
	try:
		for destination in destinations:
			try:
				if program is None:
					program = network.start(server.argv, helped)
				answers[destination] = _converse(network, server, program, destination,
					lab.DEADLINE if helped else lab.LOSS)
			except NotReady as reason:
				answers[destination] = Sources([str(reason)])
			if program and server.once:
				program.stop()
				program = None
	finally:
		if program:
			program.stop()
	return answers


def _judge(server, destination, plain, helped):
	wrong = plain[0] in lab.SERVER_ADDRESSES and plain[0] != destination.address
	right = helped == [destination.address] * server.flow
	title = f'{server.name}, {destination.title}: from {destination.address}'
	tap.check(right and (wrong or destination.by_chance), title,
		f'asked at:       {destination.address}', f'plain, from:    {plain}', f'replyfrom, from: {helped}')


def run(network, servers):
	for server in servers:
		destinations = [destination for destination in server.destinations if network.has(destination)]
		if not shutil.which(server.argv[0]):
			tap.unavailable(server.name, f'{server.argv[0]} is not installed')
			continue
		plain = _ask_everywhere(network, server, destinations, helped=False)
		helped = _ask_everywhere(network, server, destinations, helped=True)
		for destination in server.destinations:
			if destination in destinations:
				_judge(server, destination, plain[destination], helped[destination])
			else:
				tap.unavailable(f'{server.name}, {destination.title}', 'no IPv6 on this machine')
