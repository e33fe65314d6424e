#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A soak: real servers, plain and under replyfrom side by side, asked for a long time by peers that come and go."""
import argparse
import fnmatch
import json
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import tempfile
import time

sys.path[1:1] = [f'{sys.path[0]}/../../lib', f'{sys.path[0]}/../../compat']

import measure
import side
import verdict
from servers import SERVERS

PROGRESS = 20           # how often it tells, in all
GRACE = 120             # seconds to start, and to wait for the last answers, on a busy machine
ENTRIES = 2             # the library's table has so many entries for each peer it was asked to remember
KINDS = {False: 'plain', True: 'helped'}


def _arguments():
	parser = argparse.ArgumentParser(description=__doc__)
	parser.add_argument('--seconds', type=float, default=60)
	parser.add_argument('--rate', type=float, default=100, help='questions a second to each server; some get a share of it')
	parser.add_argument('--peers', type=int, default=1024, help='REPLYFROM_PEERS: few, so that the table is soon full')
	parser.add_argument('--interval', type=float, help='seconds from sample to sample')
	parser.add_argument('--json', metavar='FILE', help='write all samples there')
	parser.add_argument('--list', action='store_true', help='list the servers')
	parser.add_argument('server', nargs='*', help='only these; may have * and ?')
	options = parser.parse_args()
	if not options.interval:
		options.interval = max(min(5.0, options.seconds / 20), options.seconds / 1000)
	return options


class Run:
	"""All servers' processes. sides: {(server, is helped): Side}."""

	def __init__(self, servers, options, folder):
		self.servers, self.options = servers, options
		self.sides, self._pipes, self._processes = {}, {}, []
		for server in servers:
			for helped in (False, True):
				self._start(server, helped, folder)

	def _start(self, server, helped, folder):
		ours, theirs = multiprocessing.Pipe()
		process = multiprocessing.Process(target=side.run, args=(server, helped, self.options, folder, theirs))
		process.start()
		theirs.close()
		self._processes.append(process)
		self._pipes[ours] = (server, helped)
		self.sides[server, helped] = verdict.Side()

	def listen(self, patience):
		"""Take what the processes tell within that time; the keys of those that said they are ready."""
		ready = []
		for pipe in multiprocessing.connection.wait(list(self._pipes), patience):
			key = self._pipes[pipe]
			try:
				what, content = pipe.recv()
			except (EOFError, OSError):
				what, content = 'failed', 'its process broke off'
			self.sides[key].take(what, content)
			if what == 'ready':
				ready.append(key)
			elif self.sides[key].is_over:
				del self._pipes[pipe]
		return ready

	def await_ready(self):
		"""All begin at once, those that started."""
		waiting, end = set(self._pipes.values()), time.monotonic() + GRACE
		while waiting and time.monotonic() < end:
			waiting -= set(self.listen(1))
			waiting &= set(self._pipes.values())
		for key in waiting:
			self.sides[key].take('failed', 'not ready in time')
		for pipe in self._pipes:
			pipe.send('go')

	def is_over(self):
		return not self._pipes

	def stop(self):
		for process in self._processes:
			process.terminate()
		for process in self._processes:
			process.join()

	def pairs(self):
		return [(server, self.sides[server, False], self.sides[server, True]) for server in self.servers]

	def sums(self, name):
		return [sum(self.sides[server, helped].samples[-1][name] for server in self.servers if self.sides[server, helped].samples)
			for helped in (False, True)]


def _write(run, skipped, is_over):
	path = run.options.json
	if not path:
		return
	servers = [{'server': server.name, 'faults': verdict.faults(server, plain, helped) if is_over else None, 'plain': plain.as_json(),
		'helped': helped.as_json()} for server, plain, helped in run.pairs()]
	with open(f'{path}.new', 'w') as file:
		json.dump({'options': vars(run.options), 'is_over': is_over, 'skipped': skipped, 'servers': servers}, file)
	os.replace(f'{path}.new', path)


def _tell(run, begin):
	print(f'{time.monotonic() - begin:.0f} s:', ', '.join(f'{name} {" / ".join(map(str, run.sums(name)))}'
		for name in ('answers', 'peers', 'wrong', 'lost')), '(plain / helped)', flush=True)


def _go(run, skipped):
	run.await_ready()
	begin = time.monotonic()
	step = run.options.seconds / PROGRESS
	told, end = begin + step, begin + run.options.seconds + GRACE
	while not run.is_over() and time.monotonic() < end:
		run.listen(1)
		if told <= min(time.monotonic(), begin + run.options.seconds):
			told += step
			_tell(run, begin)
			_write(run, skipped, False)
	for each in run.sides.values():
		if not each.is_over:
			each.take('failed', 'no end in time')


def _asked(run):
	"""What part of the questions that were to be asked was asked: less than all on a machine that is too busy."""
	wanted = sum(2 * run.options.seconds * run.options.rate * server.share for server in run.servers)
	return sum(each.end['questions'] for each in run.sides.values() if each.end) / wanted


def _report(run, skipped):
	found = [(server, fault) for server, plain, helped in run.pairs() for fault in verdict.faults(server, plain, helped)]
	print('', *verdict.table(run.pairs()), '', sep='\n')
	print('KIB: anonymous memory of the processes that last. TABLE: KiB of the shared memory that were touched, of',
		f'{run.options.size_of_table}. CHILDREN: other processes seen at once.')
	entries = ENTRIES * run.options.peers
	fullest = max((helped.end['peers'] for _, _, helped in run.pairs() if helped.end), default=0)
	print(f'Peers of the busiest server for each of the {entries} entries of its table: {fullest / entries:.1f}.')
	print(f'Asked {100 * _asked(run):.0f} % of what was to be asked.')
	for reason in skipped:
		print(f'skipped: {reason}')
	for server, plain, helped in run.pairs():
		for remark in verdict.remarks(server, plain, helped):
			print(f'remark {server.name}, {remark}')
	for server, fault in found:
		print(f'FAULT {server.name}: {fault}')
	return 1 if found else 0


def _end(number, _frame):
	sys.exit(128 + number)


def main():
	options = _arguments()
	chosen = [server for server in SERVERS
		if not options.server or any(fnmatch.fnmatch(server.name, pattern) for pattern in options.server)]
	if options.list:
		print('\n'.join(server.name for server in chosen))
		return 0
	if os.geteuid():
		print('check-soak: this takes root (namespaces, privileged ports)', file=sys.stderr)
		return 77
	skipped = [f'{server.name}: {server.missing()}' for server in chosen if server.missing()]
	chosen = [server for server in chosen if not server.missing()]
	options.size_of_table = measure.table_size(options.peers)
	for number in (signal.SIGTERM, signal.SIGHUP):
		signal.signal(number, _end)
	with tempfile.TemporaryDirectory(prefix='check-soak-') as folder:
		run = Run(chosen, options, folder)
		try:
			_go(run, skipped)
		finally:
			run.stop()
	_write(run, skipped, True)
	return _report(run, skipped)


if __name__ == '__main__':
	sys.exit(main())
