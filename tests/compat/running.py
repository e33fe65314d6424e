# SPDX-License-Identifier: MIT
"""Runs one row: plainly, under replyfrom, and once under strace."""
import contextlib
import os
import tempfile

import lab
import tap
from cases import Sources
from program import NotReady, Program

import trace
from conversation import Conversation
from judgement import Outcome, verdict
from stock import Missing

START = 20.0        # seconds in which a program has to bind its port
PATIENCE = lab.DEADLINE / 20     # seconds for an answer of a plain program, which may not hear anything at that destination


@contextlib.contextmanager
def _started(row, helped, around=()):
	"""The program, ready, with a scratch folder of its own. around: a command that runs it."""
	with tempfile.TemporaryDirectory(prefix='stock-') as scratch:
		os.chmod(scratch, 0o755)
		argv = row.prepare(scratch, helped)
		with Program([*around, *argv], helped and not row.in_service, row.settings(scratch)) as program:
			program.await_state(row.ready, row.port, START)
			yield program


def _ask(row, network, program, destination, patience, later_patience):
	try:
		program.await_state(row.ready, row.port, START)
		return row.talk(Conversation(row, network, program, destination, patience, later_patience))
	except NotReady as reason:
		return Sources([None, str(reason)])


def _ask_everywhere(row, network, helped, plain=None):
	"""({destination: sources}, what kept the program from starting). plain: what was answered in the plain run."""
	answers = {}
	destinations = [destination for destination in row.destinations if network.has(destination)]

	def converse(program, destination):
		spoke = plain and verdict(destination, plain.get(destination), row.flow) != 'silent'
		patience = lab.DEADLINE if spoke else PATIENCE
		answers[destination] = _ask(row, network, program, destination, patience, lab.DEADLINE if helped else 2 * lab.LOSS)

	try:
		if row.once:
			for destination in destinations:
				with _started(row, helped) as program:
					converse(program, destination)
		else:
			with _started(row, helped) as program:
				for destination in destinations:
					converse(program, destination)
	except NotReady as reason:
		for destination in destinations:
			answers.setdefault(destination, Sources([None]))
		return answers, str(reason)
	return answers, ''


def _trace(row, network):
	"""How the program receives and answers, from what strace sees of two conversations."""
	with tempfile.NamedTemporaryFile(prefix='strace-') as record:
		for destination in (lab.SECONDARY, lab.FIRST6):
			if destination not in row.destinations or not network.has(destination):
				continue
			with contextlib.suppress(NotReady), _started(row, False, trace.command(record.name)) as program:
				_ask(row, network, program, destination, lab.DEADLINE, lab.LOSS)
			with open(record.name, errors='replace') as lines:
				calls = trace.describe(lines, row.port)
			if calls:
				return calls
	return ''


def run(row, network, with_trace=True):
	"""The row's outcome."""
	outcome = Outcome(row)
	try:
		outcome.plain, outcome.refusal = _ask_everywhere(row, network, helped=False)
		if outcome.answered():
			outcome.helped, outcome.refusal = _ask_everywhere(row, network, True, outcome.plain)
			outcome.calls = _trace(row, network) if with_trace else ''
	except Missing as reason:
		outcome.missing = str(reason)
		return outcome
	outcome.version = row.version()
	return outcome


def check(row, network):
	"""A case for each destination: wrong without the engine under test, or right by chance, and right with it."""
	outcome = run(row, network, with_trace=False)
	if outcome.missing:
		tap.unavailable(row.name, outcome.missing)
		return
	for destination in outcome.plain:
		wrong = destination.by_chance or destination in outcome.wrong_without()
		tap.check(wrong and destination in outcome.right_with(), f'{row.name}, {destination.title}: from {destination.address}',
			f'plain, from:  {outcome.plain[destination]}', f'helped, from: {outcome.helped.get(destination)}', outcome.refusal)
