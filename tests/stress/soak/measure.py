# SPDX-License-Identifier: MIT
"""What a server's processes use, and what the library counted in them."""
import contextlib
import json
import os
import re
import subprocess

from program import WRAPPER

MAPPING = re.compile(r'[0-9a-f]+-[0-9a-f]+ ')
# Anonymous memory is a process's own, whether or not a forked child still shares its pages; the library's shared
# memory is none of it, nor are files.
SUMMED = ('Rss', 'Anonymous', 'Private_Clean', 'Private_Dirty')


def _children(pid):
	found = []
	with contextlib.suppress(OSError):
		for task in os.listdir(f'/proc/{pid}/task'):
			with open(f'/proc/{pid}/task/{task}/children') as file:
				found += map(int, file.read().split())
	return found


def _birth(pid):
	"""When the process began (its number may be another's, later); None for one that ended."""
	try:
		with open(f'/proc/{pid}/stat') as file:
			fields = file.read().rpartition(')')[2].split()
	except OSError:
		return None
	return None if fields[0] in 'ZX' else int(fields[19])


def processes():
	"""{pid: birth} of all that this process has started, and what that started."""
	found, generation = {}, _children('self')
	while generation:
		found.update((pid, _birth(pid)) for pid in generation)
		generation = [child for pid in generation for child in _children(pid)]
	return {pid: birth for pid, birth in found.items() if birth is not None}


def _mappings(pid):
	"""({name: KiB}, is it like the library's shared memory) of each mapping."""
	sizes, like_table = None, False
	with open(f'/proc/{pid}/smaps') as lines:
		for line in lines:
			if MAPPING.match(line):
				if sizes:
					yield sizes, like_table
				sizes, like_table = {}, ' rw-s ' in line and '/dev/zero' in line
			elif line.endswith(' kB\n'):
				name, _, value = line.partition(':')
				sizes[name] = int(value.split()[0])
	if sizes:
		yield sizes, like_table


def table_size(peers):
	"""KiB that the library's shared memory may take in a process that shares none of its own."""
	with subprocess.Popen([WRAPPER, f'--peers={peers}', 'cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
		process.stdin.write(b'ready\n')
		process.stdin.flush()
		process.stdout.readline()
		sizes = [sizes['Size'] for sizes, like_table in _mappings(process.pid) if like_table]
		process.stdin.close()
	return sizes[0] if len(sizes) == 1 else 0


def _memory(pid, size_of_table):
	"""KiB, and the number of mappings. table: the library's shared memory, tables: how many are like it."""
	sums = dict.fromkeys((*SUMMED, 'Size', 'table', 'table_pss', 'tables', 'mappings'), 0)
	for sizes, like_table in _mappings(pid):
		sums['mappings'] += 1
		for name in (*SUMMED, 'Size'):
			sums[name] += sizes[name]
		if like_table and sizes['Size'] == size_of_table:
			sums['tables'] += 1
			sums['table'] += sizes['Rss']
			sums['table_pss'] += sizes['Pss']
	return sums


def _threads(pid):
	return len(os.listdir(f'/proc/{pid}/task'))


def _descriptors(pid):
	return len(os.listdir(f'/proc/{pid}/fd'))


def _use(pid, size_of_table):
	"""What one process uses, or None if it is gone."""
	with contextlib.suppress(OSError):
		memory = _memory(pid, size_of_table)
		return {
			'rss': memory['Rss'], 'private': memory['Private_Clean'] + memory['Private_Dirty'], 'anonymous': memory['Anonymous'],
			'size': memory['Size'], 'mappings': memory['mappings'], 'table': memory['table'], 'table_pss': memory['table_pss'],
			'tables': memory['tables'], 'descriptors': _descriptors(pid), 'threads': _threads(pid)}
	return None


def _counters(pids):
	"""(the library's counters summed up, the pids of processes where it is not at work)."""
	shown = subprocess.run([WRAPPER, '--status', '--json', *map(str, pids)], capture_output=True, text=True)
	states = json.loads(shown.stdout or '[]')
	counters = {}
	for state in states:
		for name, count in (state.get('counters') or {}).items():
			counters[name] = counters.get(name, 0) + count
	working = {state['pid'] for state in states if state['library'] == 'working'}
	return counters, [pid for pid in pids if pid not in working]


def measure(lasting, helped, size_of_table):
	"""The sums over the lasting processes ({pid: birth}) that are still there, and the number of all others."""
	there = processes()
	pids = [pid for pid, birth in lasting.items() if there.get(pid) == birth]
	uses = [use for use in (_use(pid, size_of_table) for pid in pids) if use]
	sample = {name: sum(use[name] for use in uses) for name in (uses[0] if uses else ())}
	sample['table'] = max((use['table'] for use in uses), default=0)        # one mapping, in all of them
	sample['processes'], sample['others'] = len(uses), len(there) - len(pids)
	if helped:
		sample['counters'], sample['idle'] = _counters(pids)
	return sample
