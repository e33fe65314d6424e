# SPDX-License-Identifier: MIT
"""Builds the library with one fault after the other and asserts that the project's own tests catch each of them."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[2]
BUILD = pathlib.Path(os.environ['abs_top_builddir'])
PATIENCE = 600

PROGRAMS = [('descriptors/descriptors',), ('threads/threads',), ('faults/areas',), ('faults/pointers',)] + [('matrix/matrix', part) for part in (
	'queued errors', 'socket options', 'sending', 'shapes of calls', 'vectors', 'control data')]
NETWORK = ['test_groups.py', 'test_calls.py', 'test_peers.py', 'test_routes.py', 'test_connect.py', 'test_processes.py']


class OutOfDate(Exception):
	"""The sources have changed, and the fault has no place there any more."""


class Mutant:
	"""A sed script with two comments in it: the files it changes, and what goes wrong then."""

	def __init__(self, script):
		self.script = script
		self.name = script.stem
		lines = script.read_text().splitlines()
		self.files = re.fullmatch('# In: (.*)', lines[1])[1].split()
		self.fault = lines[2].removeprefix('# ')

	def apply(self, tree):
		for file in self.files:
			changed = subprocess.run(['sed', '-f', self.script, SOURCE / file], check=True, capture_output=True).stdout
			if changed == (SOURCE / file).read_bytes():
				raise OutOfDate(f'{self.script.name} changes nothing in {file}: bring it up to date')
			(tree / file).write_bytes(changed)


def build(tree):
	"""Compile all sources, with the flags of the library itself, which make hands over."""
	sources = [tree / name for name in os.environ['LIBRARY_SOURCES'].split() if name.endswith('.c')]
	compiler = os.environ['LIBRARY_COMPILE'].split()
	command = [*compiler[:1], f'-I{tree}/shim', *compiler[1:], '-w', *sources,
		*os.environ['LIBRARY_LINK'].split(), '-o', tree / 'shim/libreplyfrom.so']
	subprocess.run(command, check=True, cwd=BUILD)


def run(tree, command):
	"""Does the test fail with the library in this tree? Returns what it says about it, or None."""
	environment = {**os.environ, 'abs_top_builddir': str(tree), 'abs_top_srcdir': str(SOURCE)}
	try:
		test = subprocess.run(command, env=environment, cwd=tree, timeout=PATIENCE, stdin=subprocess.DEVNULL,
			stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')
	except subprocess.TimeoutExpired:
		return 'no end'
	if test.returncode in (0, 77):
		return None
	failing = [line for line in test.stdout.splitlines() if line.startswith('not ok') or ' different' in line]
	return failing[0] if failing else f'status {test.returncode}'


def catch(tree):
	"""The first test that fails, and its words."""
	for program, *part in PROGRAMS:
		words = run(tree, [BUILD / 'tests/transparency' / program, *part])
		if words:
			return ' '.join(['tests/transparency/' + program, *part]), words
	for test in NETWORK:
		if (SOURCE / 'tests/net' / test).exists():
			words = run(tree, [sys.executable, SOURCE / 'tests/net' / test])
			if words:
				return 'tests/net/' + test, words
	return None


def judge(mutant):
	"""Build with the fault (None: without any) and test. Returns whether all went as it should."""
	with tempfile.TemporaryDirectory(prefix='mutant-') as directory:
		tree = pathlib.Path(directory)
		shutil.copytree(SOURCE / 'shim', tree / 'shim')
		shutil.copytree(BUILD / 'scripts', tree / 'scripts')
		shutil.copytree(BUILD / 'tools', tree / 'tools')
		(tree / 'tests').symlink_to(BUILD / 'tests')
		try:
			if mutant:
				mutant.apply(tree)
		except OutOfDate as error:
			print(error, flush=True)
			return False
		build(tree)
		caught = catch(tree)
	if not mutant:
		print('without a fault:', f'NOT GREEN: {caught[0]}: {caught[1]}' if caught else 'green', flush=True)
		return not caught
	print(f'{mutant.name} ({mutant.fault}):', f'caught by {caught[0]}: {caught[1]}' if caught else 'SURVIVED', flush=True)
	return bool(caught)


def main():
	wanted = sys.argv[1:]
	mutants = [Mutant(script) for script in sorted(HERE.glob('*.sed')) if not wanted or script.stem in wanted]
	results = [judge(mutant) for mutant in ([] if wanted else [None]) + mutants]
	print(f'{len(mutants)} mutants, {results.count(False)} not as they should be')
	sys.exit(not all(results))


main()
