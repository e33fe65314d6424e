# SPDX-License-Identifier: MIT
"""Runs the library's sources under the model checker GenMC, as they are and with one memory order weakened at a time.

check.py GENMC FOLDER [NAME...]: the scenarios of that name, and the weakened orders that they find; by default all.
FOLDER takes the reduced sources. Each scenario ends well in every way that the memory model RC11 allows, or an assertion
of it fails. The file `orders` names weakened orders, and the scenario that has to find each. With MODEL_ORDERS=all, every
order is weakened instead, and rows for that file are printed."""
import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(TOP / 'tests/lib'))
import tap

CPP = ['clang', '-E', '-P', '-std=gnu11', '-w', '-D_GNU_SOURCE', '-U__SIZEOF_INT128__']
# All in one function for each thread: so it has few accesses but those to the tables, each of one size.
CFLAGS = ['-O2', '-std=gnu11', '-w', '-fno-vectorize', '-fno-slp-vectorize', '-fno-unroll-loops', '-fno-builtin',
          '-mllvm', '-inline-threshold=100000']
# The pass that annotates loads does not end for some loops.
OPTIONS = ['--disable-estimation', '--disable-warn-on-unfreed-memory', '--disable-load-annotation',
           '--disable-loop-jump-threading']
PATIENCE = int(os.environ.get('MODEL_SECONDS') or 900)
FOUND = 42     # GenMC's exit status for an execution that goes wrong

# What is smaller here, so that all executions can be run: (file, text, its replacement).
REDUCED = [
	('peers/peer_table.h', 'enum { SLOTS = 8 };', 'enum { SLOTS = 2 };'),
	('peers/peer_hash.h', 'enum { KEY_BUCKETS = 3 };', 'enum { KEY_BUCKETS = 2 };'),
	('peers/local_table.h', 'LOCALS_SLOTS = 8 };', 'LOCALS_SLOTS = 2 };'),
	('peers/peer_table.c', 'enum { TRIES = 8 };', 'enum { TRIES = 3 };'),
	('peers/local_table.c', 'enum { TRIES = 8 };', 'enum { TRIES = 2 };'),
	# Executions in which a writer uses up its tries do not count.
	('peers/peer_table.c', 'tries < TRIES && !put_entry_once', 'within(tries < TRIES) && !put_entry_once'),
	('peers/local_table.c', 'tries < TRIES && !found.there', 'within(tries < TRIES) && !found.there'),
	('base/limits.h', 'SOCKETS = 1 << 20', 'SOCKETS = 1 << 2'),
	('sockets/tracked.h', 'TRACKED_CHUNK = 512', 'TRACKED_CHUNK = 2'),
	('sockets/descriptor_table.h', 'CHUNK = 1024, CHUNKS = 1024', 'CHUNK = 4, CHUNKS = 2'),
	('sockets/space.c', 'SPACES = 8', 'SPACES = 2'),
	# The kernel, in records.c.
	('base/chunk.h', 'mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)', 'map_chunk(size)'),
	('base/chunk.h', 'munmap(chunk, size)', 'unmap_chunk(chunk)'),
	('sockets/classify.c', 'libc.getsockname(fd, (struct sockaddr *)&address, &length) ||\n\t    !peer_read(name, &address, length)',
	 'true) {\n\t\t*name = wildcard();\n\t\treturn AF_INET;\n\t}\n\tif (false'),
	# The clock goes on in the scenario alone.
	('peers/peer_table.c', 'static void advance_clock(uint32_t *clock, uint32_t *tick, int shift)\n{\n',
	 'static void advance_clock(uint32_t *clock, uint32_t *tick, int shift)\n{\n\treturn;\n'),
]

WEAKER = {'ACQUIRE': ['RELAXED'], 'RELEASE': ['RELAXED'], 'ACQ_REL': ['ACQUIRE', 'RELEASE', 'RELAXED'],
          'SEQ_CST': ['ACQ_REL', 'ACQUIRE', 'RELEASE', 'RELAXED']}
MODULES = ['base/chunk.h', 'peers/local_table.c', 'peers/local_table.h', 'peers/peer_table.c', 'peers/peer_table.h',
           'sockets/classify.c', 'sockets/classify.h', 'sockets/descriptor_table.c', 'sockets/descriptor_table.h',
           'sockets/space.c', 'sockets/tracked.c', 'sockets/tracked.h']

Scenario = collections.namedtuple('Scenario', 'file name text')
Result = collections.namedtuple('Result', 'status count seconds text')


class Weakening(collections.namedtuple('Weakening', 'file name start end order')):
	"""One order of one atomic operation: its place in the file, and the weaker order in its place."""

	def source(self):
		text = (TOP / 'shim' / self.file).read_text()
		return f'{text[:self.start]}__ATOMIC_{self.order}{text[self.end:]}'


def scenarios():
	return [Scenario(path, *found) for path in sorted(HERE.glob('*.c'))
	        for found in re.findall(r'^SCENARIO\((\w+),\s*"([^"]*)"\)', path.read_text(), re.MULTILINE)]


def function_at(text, place):
	"""Returns the name of the function in which a place of a source is."""
	names = re.findall(r'^(?!#|/|static const|extern)\w[^;{}=()]*?(\w+)\(', re.sub(r'__attribute__\(\(\w+\)\) *', '', text[:place]),
	                   re.MULTILINE)
	return names[-1]


def weakenings():
	"""Yields every way to weaken one order that is not relaxed."""
	for file in MODULES:
		text = (TOP / 'shim' / file).read_text()
		seen = collections.Counter()
		for order in re.finditer(r'__ATOMIC_(ACQUIRE|RELEASE|ACQ_REL|SEQ_CST)\b', text):
			call = re.findall(r'__atomic_(\w+?)(?:_n)?\(', text[:order.start()])[-1]
			if call == 'signal_fence':
				continue
			name = f'{file} {function_at(text, order.start())}() {call} {order[1]}'
			seen[name] += 1
			if seen[name] > 1:
				name += f' no. {seen[name]}'
			for weaker in WEAKER[order[1]]:
				yield Weakening(file, f'{name} -> {weaker}', order.start(), order.end(), weaker)


def write_sources(folder, files):
	"""Writes sources with what is reduced in them."""
	for file, text in files.items():
		for _, old, new in (row for row in REDUCED if row[0] == file):
			assert text.count(old) == 1, f'{file} has to have once: {old}'
			text = text.replace(old, new)
		(folder / file).parent.mkdir(parents=True, exist_ok=True)
		(folder / file).write_text(text)


def preprocess(folder, scenario, weakened=None):
	"""Returns the name of a scenario's source with all that it includes."""
	output = folder / f'{scenario.name}{f"-{weakened}" if weakened else ""}.i'
	first = [f'-I{folder / weakened}'] if weakened else []
	subprocess.run([*CPP, f'-DMAIN={scenario.name}', '-Dnoinline=always_inline', *first, f'-I{folder / "shim"}', f'-I{HERE}',
		scenario.file, '-o', output], check=True)
	return output


def run(source):
	"""Runs GenMC on a preprocessed source."""
	command = [GENMC, *MODEL, *OPTIONS, '--', *CFLAGS, source]
	try:
		process = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace',
			stdin=subprocess.DEVNULL, timeout=PATIENCE)
	except subprocess.TimeoutExpired:
		return Result(None, 0, PATIENCE, f'no result in {PATIENCE} seconds')
	count = re.search(r'complete executions explored: (\d+)', process.stdout)
	seconds = re.search(r'Total wall-clock time: ([\d.]+)', process.stdout)
	return Result(process.returncode, int(count[1]) if count else 0, float(seconds[1]) if seconds else 0, process.stdout)


def judge_scenario(scenario):
	return scenario, run(preprocess(WORK, scenario))


def is_found(number, weakening, scenario):
	"""Does the scenario find the weakening?"""
	folder = f'weakened-{number}'
	write_sources(WORK / folder, {weakening.file: weakening.source()})
	source = preprocess(WORK, scenario, folder)
	return source.read_text() != (WORK / f'{scenario.name}.i').read_text() and run(source).status == FOUND


def search(number, weakening, chosen):
	"""Returns a row of `orders`."""
	for scenario in chosen:
		if is_found(number, weakening, scenario):
			return f'{weakening.name}: {scenario.name}'
	return f'# {weakening.name}: found by none'


def expected():
	"""Returns, for each weakening that `orders` names, the scenario that finds it."""
	rows = (line.split(': ') for line in (HERE / 'orders').read_text().splitlines() if not line.startswith('#'))
	return dict(rows)


GENMC, WORK, wanted = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
MODEL = (os.environ.get('MODEL') or '--rc11').split()
chosen = [scenario for scenario in scenarios() if not wanted or scenario.name in wanted]
write_sources(WORK / 'shim', {str(path.relative_to(TOP / 'shim')): path.read_text() for path in (TOP / 'shim').glob('*/*.[ch]')})
with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
	seconds = {}
	for scenario, result in pool.map(judge_scenario, chosen):
		seconds[scenario] = result.seconds
		tap.check(result.status == 0, f'{scenario.name}: {scenario.text} ({result.count} executions, {result.seconds} s)', result.text)
	found = {weakening.name: (number, weakening) for number, weakening in enumerate(weakenings())}
	if os.environ.get('MODEL_ORDERS') == 'all':
		chosen.sort(key=seconds.get)
		for row in pool.map(lambda name: search(*found[name], chosen), found):
			print(row, flush=True)
	else:
		rows = {name: scenario for name, by in expected().items() for scenario in chosen if scenario.name == by}
		verdicts = pool.map(lambda name: name in found and is_found(*found[name], rows[name]), rows)
		for name, verdict in zip(rows, verdicts):
			tap.check(verdict, f'{name}: found by {rows[name].name}', '' if name in found else 'there is no such order')
tap.finish()
