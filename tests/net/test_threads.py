# SPDX-License-Identifier: MIT
"""Servers whose threads receive and answer all at once, in all ways, and come and go."""
import contextlib
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import tap
from cases import run
from lab import IPV4, IPV6
from patterns import argv, rows

MODES = ('threads', 'thread-each')
ROUNDS = 8


def together(network, mode, destinations, helped):
	"""The sources of the answers to clients that ask at the same time, by destination."""
	sources = {destination.title: [] for destination in destinations}
	with network.start(argv(mode, '-D'), helped), contextlib.ExitStack() as clients:
		asking = [clients.enter_context(network.client(destination)) for destination in destinations]
		for number in range(ROUNDS):
			payload = f'round {number}'.encode()
			for client in asking:
				client.send(payload)
			for client in asking:
				answer = client.receive()
				sources[client.destination.title].append(answer and answer[0] == payload and answer[1])
	return sources


def test(network):
	run(network, rows(MODES, families=('-D',), flow=ROUNDS))
	destinations = [destination for destination in IPV6 + IPV4 if network.has(destination)]
	right = {destination.title: [destination.address] * ROUNDS for destination in destinations}
	for mode in MODES:
		plain = together(network, mode, destinations, helped=False)
		helped = together(network, mode, destinations, helped=True)
		tap.check(all(map(all, plain.values())) and plain != right and helped == right,
			f'{mode}: {len(destinations)} clients at once, each is answered from where it asked',
			f'plain, from:     {plain}', f'replyfrom, from: {helped}')


lab.main(test)
