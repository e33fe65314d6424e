# SPDX-License-Identifier: MIT
"""
Changes under load: CHANGE_ROUNDS times all of them, in an order that CHANGE_SEED decides.

Three things are looked at for each: while it happens, an answer may leave from another address only if what was changed
is the address that was asked; once it has settled (the plain servers answer again), the helped ones answer all that the plain
ones do, from where they were asked; and no send fails that would not have failed without the library.
"""
import errno
import os
import random
from typing import NamedTuple

import twins
from steps import ADDRESSES, ALL, CHANGES, Step

import lab
import namespaces
import tap

ROUNDS = int(os.environ.get('CHANGE_ROUNDS') or 1)
SEED = int(os.environ.get('CHANGE_SEED') or 1)
QUESTIONS = 24          # to each server at each address, once a change has settled
WINDOW = 5              # questions under way to a server at an address: ask.h, and the roaming one
ASK = f'{twins.program.BUILD_DIRECTORY}/tests/stress/change/ask'
SERVERS = (('calls', '-D'), ('vectors', '-D'), ('fresh', '-D'), ('calls', '-4'), ('vectors', '-6'))


class Tally(NamedTuple):
	"""What became of the questions to one server at one address."""
	asked: int
	answered: int
	waiting: int
	wrong: int
	duplicates: int
	source: str             # of the last wrong answer

	@property
	def lost(self):
		return max(self.asked - self.answered - self.waiting, 0)


class Load:
	"""The load generator, and the twins it asks."""

	def __init__(self, network):
		self.network = network
		self.twins = []
		with network.client_network():
			self.client = twins.Talker([ASK, lab.INTERFACE], helped=False)
		for address in ADDRESSES:
			self.client.tell(f'address {address if ":" in address else "::ffff:" + address}')
		for number, (way, family) in enumerate(SERVERS):
			pair = twins.Twins(family, way, lab.PORT + 2 * number)
			self.twins.append(pair)
			asked = [address for address in ADDRESSES if family == '-D' or (':' in address) == (family == '-6')]
			for server in pair:
				self.client.tell(f'server {server.port} {numbers(asked)}')

	def settle(self, addresses):
		"""Wait until the plain servers answer there; returns what the load generator says."""
		return self.client.tell(f'settle {numbers(addresses)}', 2 * lab.DEADLINE)

	def go_through(self, step):
		"""One change, until it settled and some were asked; returns the line that says whether it settled."""
		up = ALL - step.down - step.forbidden
		self.client.tell('change')
		twins.ip(*step.commands)
		with self.network.client_network():
			twins.ip(*step.client)
		settled = self.settle(up)
		self.client.tell(f'measure {QUESTIONS} {numbers(up)}', 3 * lab.DEADLINE)
		return settled

	def tallies(self):
		"""By server (two for each pair of twins), address and period (0: while it changed, 1: settled)."""
		tallies = {}
		line = self.client.tell('report')
		while line != 'end':
			server, address, period, *counts, source = line.split()
			tallies[int(server), ADDRESSES[int(address)], int(period)] = Tally(*map(int, counts), source.removeprefix('::ffff:'))
			line = self.client.line('report')
		return tallies

	def counts(self):
		"""What the helped servers counted of their sends."""
		return [pair.helped.counts() for pair in self.twins]

	def stop(self):
		self.client.stop()
		for pair in self.twins:
			pair.__exit__()


def numbers(addresses):
	return ' '.join(str(number) for number, address in enumerate(ADDRESSES) if address in addresses)


def compare(step, address, period, plain, helped):
	"""What is wrong with the helped server's answers at one address, in words."""
	if helped.duplicates:
		yield f'{helped.duplicates} answered twice'
	if period == 0:
		if helped.wrong and address not in step.touched | step.plainly:
			yield f'{helped.wrong} of {helped.answered} from {helped.source}, while it changed'
		# What is under way at a change can get lost, here or there.
		allowed = plain.lost + WINDOW * (len(step.commands) + len(step.client))
		if helped.lost > allowed and address not in step.forbidden:
			yield f'{helped.lost} of {helped.asked} lost while it changed, {plain.lost} of {plain.asked} without the library'
		return
	if plain.asked and not plain.answered:
		yield 'nothing was answered without the library'
	if helped.answered < plain.answered:
		yield f'{helped.answered} of {helped.asked} answered, without the library {plain.answered} of {plain.asked}'
	# A refused source is forgotten; then another address at which that host asks can be taken (docs/design.md, rule 4).
	if helped.wrong and address not in step.plainly:
		yield f'{helped.wrong} of {helped.answered} from {helped.source}'


class Totals:
	"""For the figures at the end."""

	def __init__(self):
		self.figures = {}

	def add(self, step, kind, address, period, tally):
		when = 'settled' if period else 'changing'
		if period and address in step.plainly | step.forbidden:
			when = 'refused'
		line = self.figures.setdefault((when, kind), [0, 0, 0, 0])
		for place, count in enumerate((tally.asked, tally.answered, tally.lost, tally.wrong)):
			line[place] += count

	def show(self):
		for (when, kind), (asked, answered, lost, wrong) in sorted(self.figures.items()):
			print(f"# " f'{when}, {kind}: {asked} asked, {answered} answered, {lost} lost, {wrong} from another address')


def judge_sends(step, before, after):
	"""Sends that would not have failed without the library."""
	for (way, family), old, new in zip(SERVERS, before, after):
		worse = new['worse'] - old['worse']
		if not worse:
			continue
		# What a rule prohibits is handed on.
		if not step.forbidden or worse > new.get(f'errno-{errno.EACCES}', 0) - old.get(f'errno-{errno.EACCES}', 0):
			yield f'{way} {family}: {worse} sends failed that would not have failed without the library: {new}'


def judge(load, totals, title, step):
	before = load.counts()
	settled = load.go_through(step)
	remarks = [] if settled == 'settled' else [settled]
	remarks += judge_sends(step, before, load.counts())
	tallies = load.tallies()
	for (server, address, period), plain in tallies.items():
		if server % 2:
			continue
		helped = tallies[server + 1, address, period]
		totals.add(step, 'plain', address, period, plain)
		totals.add(step, 'helped', address, period, helped)
		way = ' '.join(SERVERS[server // 2])
		remarks += [f'{way}, {address}: {fault}' for fault in compare(step, address, period, plain, helped)]
	tap.check(not remarks, title, *remarks)


def go(load, totals, number):
	order = list(CHANGES)
	random.Random(SEED + number).shuffle(order)
	for change in order:
		for name, value, _ in change.sysctls:
			namespaces.set_sysctl(name, value)
		judge(load, totals, change.title, change.there)
		if change.back != Step():
			judge(load, totals, f'{change.title}, and back', change.back)
		for name, _, value in change.sysctls:
			namespaces.set_sysctl(name, value)


def test(network):
	if not network.has_ipv6:
		tap.unavailable('changes under load', 'no IPv6 on this machine')
		return
	try:
		twins.prepare(network)
	except namespaces.Unavailable as reason:
		tap.unavailable_all(str(reason))
	load = Load(network)
	totals = Totals()
	try:
		load.settle(ALL)
		for number in range(ROUNDS):
			go(load, totals, number)
		totals.show()
	finally:
		load.stop()


lab.main(test)
