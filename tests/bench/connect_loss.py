#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures what a server loses of its peer's datagrams around connect(), without and with replyfrom, in a flood."""
import argparse
import os
import subprocess
import sys
from typing import NamedTuple

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import namespaces

# Each connect that leaves a server deaf takes a thousand datagrams to be sure of it.
DEAF_CONNECTS = 200
ROWS = tuple((wildcard, destination)
	for wildcard, destinations in (
		('0.0.0.0', (lab.PRIMARY, lab.SECONDARY, lab.ON_LO)),
		('::', (lab.PRIMARY, lab.SECONDARY, lab.NEWEST6, lab.FIRST6)))
	for destination in destinations)


class Measured(NamedTuple):
	connects: int
	lost: int
	refused: int
	deaf: int
	overflown: int
	interval: float     # ns between two datagrams
	connecting: float   # ns in connect()


def measure(network, arguments, wildcard, destination, helped):
	deaf = not helped and not destination.by_chance
	preload = {'LD_PRELOAD': os.path.join(arguments.build, 'shim', 'libreplyfrom.so')} if helped else {}
	run = subprocess.run((os.path.join(arguments.build, 'tests', 'bench', 'connect_loss'),
			str(network.client_namespace), wildcard, destination.address, destination.peer,
			str(min(arguments.connects, DEAF_CONNECTS) if deaf else arguments.connects)),
		env={**os.environ, **preload}, pass_fds=(network.client_namespace,), stdout=subprocess.PIPE, text=True, check=True)
	fields = run.stdout.split()
	return Measured(*map(int, fields[:5]), *map(float, fields[5:]))


def show(wildcard, destination, side, measured):
	heard = measured.connects - measured.deaf
	lost = f'{measured.lost / heard * 10000:.0f}' if heard else 'all that follow'
	errors = f'{measured.refused / heard * 10000:.0f}' if heard else '-'
	gap = f'{measured.lost / heard * measured.interval:.0f}' if heard else '-'
	print(f'{wildcard:8} {destination.title:14} {side:9} {lost:>15} {errors:>7} {gap:>7} {measured.interval:>9.0f} '
		f'{measured.connecting:>8.0f} {measured.connects:>8} {measured.overflown:>6}', flush=True)


def main():
	parser = argparse.ArgumentParser(description=__doc__)
	parser.add_argument('--build', required=True)
	parser.add_argument('--connects', type=int, default=10000)
	arguments = parser.parse_args()
	if os.cpu_count() < 2:
		sys.exit('with one processor nothing comes while the server is in connect()')
	try:
		network = lab.Lab()
	except namespaces.Unavailable as error:
		sys.exit(f'measure.py: {error}')
	# Each datagram refused is to be told, to compare the two counts.
	for name, value in (('icmp_ratelimit', 0), ('icmp_msgs_per_sec', 1000000), ('icmp_msgs_burst', 10000)):
		namespaces.set_sysctl(f'ipv4/{name}', value)
	namespaces.set_sysctl('ipv6/icmp/ratelimit', 0)
	print('Lost datagrams and ICMP errors are for 10000 connects; the gap is the time for which that many get lost, in ns;\n'
		'the others are the ns between two datagrams, those in connect(), how many connects, and how many did not count.\n')
	print(f'{"bound to":8} {"asked at":14} {"":9} {"lost":>15} {"errors":>7} {"gap":>7} {"interval":>9} {"connect":>8} '
		f'{"counted":>8} {"not":>6}')
	for wildcard, destination in ROWS:
		if network.has(destination):
			for helped in (False, True):
				show(wildcard, destination, 'replyfrom' if helped else 'plain',
					measure(network, arguments, wildcard, destination, helped))


main()
