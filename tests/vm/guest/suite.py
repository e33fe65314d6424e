#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests of `make check`, on this kernel: a case for each program, with a count of the cases in it. Arguments: the names of suites."""
import os
import re
import subprocess
import sys

import machine
import tap

BUILD = f'{machine.TOP}/build'
# The tests, as make knows them.
SUITES = {
	'network': '$(net_tests)',
	'transparency': ' '.join(f'tests/transparency/{name}' for name in (
		'descriptors/descriptors', 'threads/threads', 'effects/effects', 'effects/calls', 'effects/gap', 'matrix/matrix')),
	'bpf': '$(bpf_tests)',
	'apparmor': 'tests/cli/test_apparmor.sh tests/cli/test_hardening.sh',
}
# The parts of matrix, in the order of their time; without KVM the last two take the better part of an hour.
MATRIX = ('queued errors', 'socket options', 'sending', 'shapes of calls', 'vectors', 'control data')


def is_slow():
	"""Is this machine's processor emulated?"""
	return machine.run('systemd-detect-virt')[1] == 'qemu'


def names(tests):
	"""The tests that a variable of the Makefile stands for."""
	made = subprocess.run(['make', '-s', '-C', BUILD, f'--eval=print-tests: ; @echo {tests}', 'print-tests'], stdout=subprocess.PIPE, text=True,
		stdin=subprocess.DEVNULL, check=True)
	return made.stdout.splitlines()[-1].split()


def run(title, test, *arguments):
	"""Run one test as `make check` does, and count its cases; a program without TAP is one case."""
	start = {'.py': ['python3', f'{machine.TOP}/{test}'], '.sh': ['sh', f'{machine.TOP}/{test}']}
	environment = {'abs_top_builddir': BUILD, 'abs_top_srcdir': machine.TOP, 'PYTHONDONTWRITEBYTECODE': '1', 'CC': 'gcc'}
	if title != 'apparmor':     # there, replyfrom itself would find a setting that it does not know
		environment['REPLYFROM_TEST_DEADLINE'] = '60'
	command = start.get(os.path.splitext(test)[1], [f'{BUILD}/{test}']) + list(arguments)
	done = subprocess.run(command, cwd=BUILD, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
		stderr=subprocess.STDOUT, text=True, errors='replace', check=False)
	lines = done.stdout.splitlines()
	cases = [line for line in lines if re.match(r'(not )?ok \d', line)]
	failed = sum(line.startswith('not ok') for line in cases)
	skipped = sum('# SKIP' in line for line in cases) + any(line.startswith('1..0') for line in lines)
	passed = len(cases) - failed - skipped
	if not cases and not skipped:
		passed, failed = not done.returncode, bool(done.returncode)
	test = ', '.join((test, *arguments))
	tap.check(not failed and not done.returncode, f'{title}: {test}: {passed:d} passed, {failed:d} failed, {skipped:d} skipped',
		f'ended with {done.returncode}', *[line for line in lines if not line.startswith('ok ')][-60:])


def demo():
	"""What scripts/demo shows: stock nc at every class of address, and a static server."""
	status, output = machine.run('env', f'abs_top_builddir={BUILD}', 'python3', f'{machine.TOP}/tests/net/demo.py')
	last = re.fullmatch(r'Without replyfrom: (\d) of \1 wrong\. With replyfrom: (\d of \1) right\.', output.splitlines()[-1])
	tap.check(status == 0 and last and last[2] == f'{last[1]} of {last[1]}', f'demo: {last and last[2]} right', output)


def main():
	for title in sys.argv[1:] or ('demo', 'network', 'transparency', 'bpf'):
		if title == 'demo':
			demo()
		elif title == 'bpf' and (lack := machine.lacks_engine(f'{BUILD}/bpf/replyfrom-bpf')):
			tap.unsupported(f'{title}: the second engine', lack)
		else:
			for test in names(SUITES[title]):
				for part in (MATRIX[:-2 if is_slow() else None] if test.endswith('/matrix') else (None,)):
					run(title, test, *filter(None, (part,)))
	tap.finish()


main()
