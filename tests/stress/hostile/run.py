#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Long battles, and tables of what came of them (markdown)."""
import argparse
import dataclasses
import sys

from battle import Battle, Network, lab
from verdict import faults

ATTACKS = {
	'calm': 'no attack: as much traffic, of 64 peers',
	'sources': 'random addresses and ports',
	'ports': 'all ports of one host',
	'hosts': 'one port of very many hosts',
	'addresses': '65,536 local addresses in turn',
	'prefix': 'any address of a prefix that is local',
	'turncoats': '64 peers, each time at another local address',
	'garbage': 'garbage of all kinds',
	'port-zero': 'source port 0',
	'unreachable': 'sources without a route back',
	'icmp': 'forged ICMP errors',
	'impostors': "in the client's own name, at other addresses",
	'neighbours': "other ports of the client's own hosts",
	'aimed': 'aimed, with the hash key known',
}
DELAYS = (0, *(1 << n for n in (4, 6, 8, 10, 12, 13, 14, 15, 16, 17, 18)))
NATS = {'NAT, no attack': 'calm', 'NAT, random addresses and ports': 'sources'}


class War:
	def __init__(self, network, seconds):
		self.network = Network(network)
		self.seconds = seconds
		self.failed = 0

	def fight(self, battle):
		"""Both outcomes."""
		print(f'... {battle}', file=sys.stderr, flush=True)
		# Without the library the delay makes no difference.
		short = dataclasses.replace(battle, delays=battle.delays[:2])
		plain, helped = short.fight(self.network, helped=False), battle.fight(self.network, helped=True)
		for fault in faults(battle, plain, helped):
			self.failed += 1
			print(f'FAILED: {battle}: {fault}', f'plain: {plain}', f'replyfrom: {helped}', sep='\n', file=sys.stderr)
		return plain, helped


def show(*cells):
	print('|', ' | '.join(map(str, cells)), '|', flush=True)


def heading(*cells):
	show(*cells)
	show(*['---'] * len(cells))


def share(part, whole):
	"""In percent, rounded so that 0 and 100 mean none and all."""
	percent = 100 * part / max(whole, 1)
	return f'{percent:.0f} %' if part in (0, whole) or 0.5 <= percent < 99.5 else f'{percent:.2f} %'


def at_once(war, attacks):
	"""A few hosts ask, so that most of the traffic is the attacker's."""
	calm = None
	heading('attack', 'datagrams', 'answers to the client', 'right without', 'right with', 'lost', 'cost without', 'cost with',
		'resident, KiB')
	for attack in attacks:
		plain, helped = war.fight(Battle(attack, hosts=4, questions=500, seconds=war.seconds, errors=attack == 'icmp'))
		calm = calm or (plain, helped)
		show(ATTACKS[attack], helped.datagrams, helped.total('asked') - helped.total('lost'),
			share(plain.total('right'), plain.total('asked')), share(helped.total('right'), helped.total('asked')),
			helped.total('lost'), f'{plain.cost / calm[0].cost:.2f}', f'{helped.cost / calm[1].cost:.2f}',
			'{} to {}'.format(*helped.resident))


def cell(row):
	text = share(row.right, row.asked - row.lost)
	return f'{text}; {share(row.other, row.asked - row.lost)} other' if row.other else text


def late(war, attacks):
	heading('attack', *DELAYS)
	for attack in attacks:
		_, helped = war.fight(Battle(attack, 'late', delays=DELAYS, questions=len(DELAYS), seconds=war.seconds,
			patience=30, receivers=2, errors=attack == 'icmp'))
		show(ATTACKS[attack], *map(cell, helped.rows.values()))
	for title, attack in NATS.items():
		_, helped = war.fight(Battle(attack, 'late', delays=DELAYS, questions=len(DELAYS), seconds=war.seconds, patience=30,
			hosts=1, ports=64))
		show(title, *map(cell, helped.rows.values()))


def main():
	parser = argparse.ArgumentParser(description=__doc__)
	parser.add_argument('--seconds', type=float, default=10, help='for each battle')
	parser.add_argument('attacks', nargs='*', help='these only: ' + ', '.join(ATTACKS))
	arguments = parser.parse_args()
	attacks = ['calm', *(attack for attack in ATTACKS if attack in arguments.attacks and attack != 'calm')]

	def test(network):
		war = War(network, arguments.seconds)
		chosen = attacks if arguments.attacks else ATTACKS
		print('A server that answers at once:\n')
		at_once(war, chosen)
		print('\nA server that answers later, after so many further datagrams; right answers:\n')
		late(war, chosen)
		sys.exit(f'{war.failed} failed' if war.failed else 0)

	lab.main(test)


main()
