# SPDX-License-Identifier: MIT
"""Servers that bind the next listening socket to the local address of the last one: never deaf where they were not without replyfrom."""
import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, f'{sys.path[0]}/../../lib')

import lab
import tap

ACCEPTING = f'{FOLDER}/accepting.py'


def run(network, destinations, *options, helped):
	"""(where the answers come from, what the program prints)."""
	with network.start((sys.executable, ACCEPTING, str(lab.PORT), *options), helped) as server:
		sources = []
		for destination in destinations:
			with network.client(destination) as client:
				sources.append(client.ask(b'request', patience=lab.DEADLINE if helped else lab.LOSS))
			if sources[-1]:
				server.shows(b'%d. ' % (len(sources) - sources.count(None)), lab.DEADLINE)
		return sources, server.shown()


def test_all_answered(network, title, destinations, *options):
	destinations = tuple(filter(network.has, destinations))
	if not destinations:
		tap.unavailable(title, 'no IPv6 on this machine')
		return
	plain, _ = run(network, destinations, *options, helped=False)
	helped, shown = run(network, destinations, *options, helped=True)
	wanted = [destination.address for destination in destinations]
	tap.check(helped == wanted != plain, title, f'plain, from:     {plain}', f'replyfrom, from: {helped}, next: {shown}')


def test_exact(network, title, wanted, *options):
	"""The next socket is bound to what the program said."""
	_, shown = run(network, (lab.SECONDARY,), *options, helped=True)
	tap.check(shown == wanted, title, f'shown {shown}', f'right {wanted}')


def test(network):
	for title, options in (('', ()), (', after the answer', ('late',))):
		test_all_answered(network, f'IPv4{title}', (lab.SECONDARY, lab.PRIMARY, lab.ON_LO, lab.LOOPBACK, lab.SECONDARY), '-4', *options)
		test_all_answered(network, f'IPv6{title}', (lab.FIRST6, lab.NEWEST6, lab.ON_LO6, lab.LINK_LOCAL, lab.FIRST6), '-6', *options)
		test_all_answered(network, f'dual-stack{title}', (lab.SECONDARY, lab.FIRST6, lab.PRIMARY, lab.NEWEST6, lab.ON_LO), '-6', *options)
	test_all_answered(network, 'the first request is to the kernel\'s choice', (lab.PRIMARY, lab.SECONDARY, lab.PRIMARY), '-4')
	own = f'1. {lab.SECONDARY.address}'
	test_exact(network, 'an address that the program has from elsewhere', own, '-4', 'known')
	test_exact(network, 'an address that it binds after it received on another socket', own, '-4', 'heard')
	test_exact(network, 'an address with another port', own, '-4', 'moved')
	test_exact(network, 'the first socket is bound to a device, the next one is not', own, '-4', f'device={lab.INTERFACE}')
	test_exact(network, 'a bad pointer', 'Bad address\n1. 0.0.0.0', '-4', 'fault')


lab.main(test)
