# SPDX-License-Identifier: MIT
"""
What the library adds to a program's calls, counted in system calls by strace: nothing, whatever other sockets, descriptors and
processes exist; and on sockets that are not UDP nothing at all.
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import program
import tap

COSTS = f'{program.BUILD_DIRECTORY}/tests/net/costs'
# Without the parenthesis: strace may show other processes' calls before this one's result.
MARK = 'write(-1, "MARK", 4'


def counted(act, helped):
	"""The system calls between the last two marks, by name."""
	with tempfile.TemporaryDirectory() as directory:
		log = os.path.join(directory, 'log')
		preload = ['-E', f'LD_PRELOAD={program.LIBRARY}'] if helped else []
		subprocess.run(['strace', '-f', '-o', log, *preload, COSTS, act], check=True)
		with open(log) as file:
			lines = file.read().splitlines()
	marks = [number for number, line in enumerate(lines) if MARK in line]
	pid = lines[marks[-1]].split()[0]
	names = [line.split(None, 1)[1].partition('(')[0] for line in lines[marks[-2] + 1:marks[-1]]
		if line.split()[0] == pid and '(' in line and 'resumed>' not in line]
	return {name: names.count(name) for name in names}


def test(_network):
	if not shutil.which('strace'):
		tap.unavailable('costs', 'strace is not installed')
		return
	for act in subprocess.run([COSTS], capture_output=True, text=True, check=True).stdout.split():
		plain, helped = counted(act, False), counted(act, True)
		tap.check(plain and sum(plain.values()) >= 10 and sum(plain.values()) == sum(helped.values()),
			f'{act}: {sum(plain.values())} system calls', f'plain:  {plain}', f'helped: {helped}')


lab.main(test)
