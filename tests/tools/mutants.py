# SPDX-License-Identifier: MIT
"""Faulty builds: mutants.py [NAME...] builds with each patch of tests/*/mutants/ and asserts that a test finds the fault.
The lines before the patch say what it breaks and, in the last one, which test finds it."""
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ['abs_top_builddir'])
SCHEDULE = 'tests/stress/schedule'
PATIENCE = 600


class Mutant:
	"""A patch: its name, what it breaks, and the command that finds that."""

	def __init__(self, patch):
		self.patch = patch
		self.name = patch.stem.partition('-')[2]
		head = patch.read_text().partition('\n\n')[0].splitlines()
		self.changed = re.findall('^--- a/(.*)', patch.read_text(), re.MULTILINE)
		self.fault = ' '.join(head[:-1])
		self.finder = shlex.split(head[-1].removeprefix('Found by: '))

	def has_finder(self):
		test = self.finder[0]
		return any(path.exists() for path in (SOURCE / test, SOURCE / f'{test}.c', BUILD / test))

	def apply(self, tree, *options):
		"""Returns what patch(1) says if it does not apply to the sources as they are."""
		command = ['patch', '-p1', '-s', '-f', '-F0', '--no-backup-if-mismatch', *options, '-i', self.patch]
		patch = subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
		return patch.stdout if patch.returncode else None


def mutants():
	return [Mutant(patch) for patch in sorted(SOURCE.glob('tests/**/mutants/*.patch'))]


def depends(tree, source, changed, seen):
	"""Returns True if a source is among the changed ones or includes one of them."""
	seen.add(source)
	return source in changed or any(depends(tree, f'shim/{name}', changed, seen)
		for name in re.findall('^#include "(.*)"', (tree / source).read_text(), re.MULTILINE)
		if f'shim/{name}' not in seen and (tree / f'shim/{name}').exists())


def build_library(tree, changed):
	"""Compiles what a fault concerns with the library's own flags, and links it with the other objects of the build."""
	compiler = os.environ['LIBRARY_COMPILE'].split()
	parts = []
	for made in os.environ['LIBRARY_OBJECTS'].split():
		source = re.sub(r'/[\w-]*libreplyfrom_so-(\w+)\.o$', r'/\1.c', made)
		is_faulty = source.endswith('.c') and (tree / source).exists() and depends(tree, source, changed, set())
		parts.append(tree / source if is_faulty else BUILD / made)
	subprocess.run([*compiler[:1], f'-I{tree}/shim', *compiler[1:], '-w', *parts, *os.environ['LIBRARY_LINK'].split(),
		'-o', tree / 'shim/libreplyfrom.so'], check=True, cwd=BUILD)


def build_schedule(tree, program):
	"""Compiles a program of tests/stress/schedule with the faulty modules."""
	modules = sorted(tree.glob('shim/peers/*_table.c')) if program == 'peers' else []
	compiler = shlex.split(os.environ.get('CC', 'cc'))
	subprocess.run([*compiler, '-std=gnu11', '-O2', '-w', '-D_GNU_SOURCE', f'-I{tree}/shim', '-include', BUILD / 'config.h',
		'-include', SOURCE / SCHEDULE / 'point.h', '-o', tree / program, *modules,
		SOURCE / SCHEDULE / f'{program}.c', SOURCE / SCHEDULE / 'schedule.c'], check=True)


def run(tree, finder, changed):
	"""Returns what the test says of its failure in this tree, or None if it passes."""
	test, *arguments = finder
	if test.startswith(SCHEDULE):
		build_schedule(tree, os.path.basename(test))
		command = [tree / os.path.basename(test), *(arguments or ['500'])]
	else:
		build_library(tree, changed)
		command = [sys.executable, SOURCE / test] if test.endswith('.py') else [BUILD / test]
		command += arguments
	environment = {**os.environ, 'abs_top_builddir': str(tree), 'abs_top_srcdir': str(SOURCE)}
	process = subprocess.Popen(command, env=environment, cwd=tree, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
		stderr=subprocess.STDOUT, text=True, errors='replace', start_new_session=True)
	timer = threading.Timer(PATIENCE, os.killpg, (process.pid, signal.SIGTERM))
	timer.start()
	failed = next((line.strip() for line in process.stdout if re.match('not ok|.* [1-9][0-9]* different', line)), None)
	timer.cancel()
	if failed:
		os.killpg(process.pid, signal.SIGTERM)     # the other cases need not run, and may hang
	process.stdout.close()
	status = process.wait()
	return failed or (None if status in (0, 77) else f'status {status}')


def judge(finder, mutant=None):
	"""Builds with the fault, or without any, and runs the test. Prints the result and returns True if it is as expected."""
	with tempfile.TemporaryDirectory(prefix='mutant-') as folder:
		tree = pathlib.Path(folder)
		for part in ('scripts', 'tools'):
			shutil.copytree(BUILD / part, tree / part)
		shutil.copytree(SOURCE / 'shim', tree / 'shim', ignore=shutil.ignore_patterns('*.o', '*.so'))
		(tree / 'tests').symlink_to(BUILD / 'tests')
		refused = mutant and mutant.apply(tree)
		words = refused or run(tree, finder, mutant.changed if mutant else ())
	test = shlex.join(finder)
	if not mutant:
		print(f'{test}, without a fault:', words or 'passes', flush=True)
		return not words
	result = f'found by {test}: {words}' if words else f'NOT FOUND by {test}'
	print(f'{mutant.name} ({mutant.fault}):', f'DOES NOT APPLY: {refused}' if refused else result, flush=True)
	return bool(words) and not refused


def main():
	wanted = sys.argv[1:]
	chosen = [mutant for mutant in mutants() if not wanted or mutant.name in wanted]
	finders = dict.fromkeys(tuple(mutant.finder) for mutant in chosen)
	results = [judge(finder) for finder in finders] + [judge(mutant.finder, mutant) for mutant in chosen]
	print(f'{len(chosen)} mutants, {results.count(False)} results not as they should be')
	sys.exit(not chosen or not all(results))


if __name__ == '__main__':
	main()
