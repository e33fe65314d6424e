#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests of `make check`, on this kernel: a case for each program, with a count of the cases in it. Arguments: the names of suites."""
import collections
import glob
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
		'matrix/matrix', 'descriptors/descriptors', 'threads/threads', 'effects/effects', 'effects/calls', 'effects/gap')),
	'bpf': '$(bpf_tests)',
	'cli': '$(wrapper_tests) $(recipe_tests)',
}


def results(log):
	"""Counter of the results that Automake's driver wrote for one test."""
	with open(log, errors='replace') as lines:
		return collections.Counter(re.findall(r'^:test-result: *(\w+)', lines.read(), re.MULTILINE))


def show(path):
	"""Lines of a log that are no success."""
	with open(path, errors='replace') as lines:
		return [line.rstrip() for line in lines if not re.match(r'ok |PASS:', line)][-60:]


def run(title, tests):
	for old in glob.glob(f'{BUILD}/tests/**/*.trs', recursive=True):
		os.remove(old)
	subprocess.run(['make', '-C', BUILD, '-k', 'check', f'TESTS={tests}'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
		stdin=subprocess.DEVNULL, check=False, env={**os.environ, 'REPLYFROM_TEST_DEADLINE': '60'})
	found = sorted(glob.glob(f'{BUILD}/tests/**/*.trs', recursive=True))
	tap.check(found, f'{title}: tests ran')
	for path in found:
		counts = results(path)
		passed = counts['PASS'] + counts['XFAIL']
		bad = sum(counts.values()) - passed - counts['SKIP']
		name = os.path.relpath(path, BUILD).removesuffix('.trs')
		tap.check(passed and not bad, f'{title}: {name}: {passed} passed, {bad} failed, {counts["SKIP"]} skipped',
			*show(path.removesuffix('.trs') + '.log'))


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
			run(title, SUITES[title])
	tap.finish()


main()
