# SPDX-License-Identifier: MIT
"""report.py GCOV OBJECTS SOURCE [--lines]: sums up what gcov counted in shim/, whatever objects a file is part of."""
import collections
import json
import os
import subprocess
import sys


def counted(gcov, directory):
	"""gcov's account of each file of each object."""
	for folder, _, names in os.walk(directory):
		objects = [name for name in names if name.endswith('.gcda')]
		if not objects:
			continue
		output = subprocess.run([gcov, '--branch-probabilities', '--json-format', '--stdout', *objects],
			cwd=folder, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
		for line in output.splitlines():
			account = json.loads(line)
			for file in account['files']:
				yield os.path.join(account['current_working_directory'], file['file']), file['lines']


def sum_up(gcov, directory, source):
	"""For each file of shim/: {line: reached?}, and {(line, number of the branch): taken?}."""
	lines = collections.defaultdict(dict)
	branches = collections.defaultdict(dict)
	for path, account in counted(gcov, directory):
		name = os.path.relpath(path, source)
		if not name.startswith('shim/'):
			continue
		for line in account:
			number = line['line_number']
			lines[name][number] = lines[name].get(number, False) or line['count'] > 0
			for place, branch in enumerate(line['branches']):
				place = number, place
				branches[name][place] = branches[name].get(place, False) or branch['count'] > 0
	return lines, branches


def share(reached):
	return f'{sum(reached):5} of {len(reached):4} {100 * sum(reached) / len(reached):5.1f}%' if reached else ''


def row(title, lines, branches):
	print(f'{title:28} {share(lines):>20} {share(branches):>20}')


def show(name, lines, branches, source):
	"""What was not reached: lines with a -, and lines of which a branch was not taken with a ?."""
	with open(os.path.join(source, name)) as file:
		text = file.read().splitlines()
	halves = {line for (line, _), taken in branches.items() if not taken}
	for number, reached in sorted(lines.items()):
		if not reached or number in halves:
			print(f'{name}:{number}: {"?" if reached else "-"} {text[number - 1]}')


def main():
	gcov, directory, source = sys.argv[1:4]
	lines, branches = sum_up(gcov, directory, source)
	if not lines:
		sys.exit('nothing was counted')
	if '--lines' in sys.argv[4:]:
		for name in sorted(lines):
			show(name, lines[name], branches[name], source)
	print(f'{"":28} {"lines":>20} {"branches":>20}')
	for name in sorted(lines):
		row(name, list(lines[name].values()), list(branches[name].values()))
	row('all', [reached for file in lines.values() for reached in file.values()],
		[taken for file in branches.values() for taken in file.values()])


main()
