#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the table of stock programs without and with replyfrom, and writes docs/compatibility.md from what it saw."""
import argparse
import fnmatch
import multiprocessing
import os
import signal
import sys
import tempfile

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import namespaces

import isolation
import packages
import running
import table
import kinds

_network = None


def _end(number, _frame):
	sys.exit(128 + number)


def _set_up(folder):
	"""A worker has namespaces of its own, so that rows can run side by side."""
	global _network
	signal.signal(signal.SIGTERM, _end)     # so that programs are stopped on the way out
	signal.signal(signal.SIGINT, signal.SIG_IGN)
	own = os.path.join(folder, str(os.getpid()))
	os.mkdir(own)
	isolation.enter(own)
	os.chdir(own)           # what a program leaves in its working directory goes with it
	_network = lab.Lab()


def _run(place):
	outcome = running.run(kinds.rows()[place], _network, _run.with_trace)
	outcome.row = None      # rows hold functions, which can not go from a worker to its parent
	return place, outcome


def _arguments():
	parser = argparse.ArgumentParser(description=__doc__)
	parser.add_argument('--install', action='store_true', help='install the missing packages (as root, on a machine for tests)')
	parser.add_argument('--list', action='store_true', help='list the rows')
	parser.add_argument('--no-trace', action='store_true', help='leave out how the programs receive and answer')
	parser.add_argument('--jobs', type=int, default=os.cpu_count())
	parser.add_argument('--output', help='write the table of a run of all rows there')
	parser.add_argument('row', nargs='*', help='only these rows; may have * and ?')
	return parser.parse_args()


def _outcomes(places, arguments):
	"""Each row's outcome, told as they come, in the order of the table."""
	_run.with_trace = not arguments.no_trace
	outcomes = {}
	with tempfile.TemporaryDirectory(prefix='check-programs-') as folder:
		with multiprocessing.Pool(arguments.jobs, _set_up, (folder,)) as workers:
			for place, outcome in workers.imap_unordered(_run, places):
				outcome.row = kinds.rows()[place]
				outcomes[place] = outcome
				print(table.line(outcome), flush=True)
	return [outcomes[place] for place in places]


def main():
	arguments = _arguments()
	rows = kinds.rows()
	places = [place for place, row in enumerate(rows)
		if not arguments.row or any(fnmatch.fnmatch(row.name, pattern) for pattern in arguments.row)]
	if arguments.list:
		print('\n'.join(rows[place].name for place in places))
		return 0
	if arguments.install:
		packages.install([rows[place] for place in places])
	if os.geteuid():
		print('check-programs: this takes root (namespaces, privileged ports)', file=sys.stderr)
		return 77
	outcomes = _outcomes(places, arguments)
	if arguments.output and len(outcomes) == len(rows):
		table.write(arguments.output, outcomes)
	faults = [fault for outcome in outcomes for fault in outcome.faults()]
	faults += [f'{outcome.row.name} was skipped: {outcome.missing}' for outcome in outcomes if outcome.missing and arguments.install]
	print('', *table.totals(outcomes), *(f'FAULT {fault}' for fault in faults), sep='\n')
	return 1 if faults else 0


if __name__ == '__main__':
	try:
		sys.exit(main())
	except namespaces.Unavailable as reason:
		sys.exit(f'check-programs: {reason}')
