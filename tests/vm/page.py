# SPDX-License-Identifier: MIT
"""The section of docs/compatibility.md that says what ran on which kernel, from the TAP of one run's machines."""
import os
import re

MARK = '<!-- machines: by `make check-vm` from what it saw; do not edit from here on. -->\n'
HEAD = f'''{MARK}
## Kernels and whole machines

Each machine is Debian 12 (systemd 252, glibc 2.36, amd64) under QEMU, with the kernel of one of four Debian releases.
It has the project's Debian packages and runs one test of tests/vm/guest. All figures come from one run, which booted
these machines:

'''
CELLS = '''
A cell of the table says how many cases passed; `-` means that the run had none of them.

'''
# Title of a column: the test, and the beginning of its cases.
COLUMNS = {
	'demo': ('suite.py', 'demo: '),
	'network tests': ('suite.py', 'network: '),
	'transparency': ('suite.py', 'transparency: '),
	'second engine': ('suite.py', 'bpf: '),
	'AppArmor': ('apparmor.sh', ''),
	'services': ('services.py', ''),
	'packages': ('packages.py', ''),
	'engine on units': ('engine.py', ''),
	'containers': ('containers.py', ''),
	'VRF': ('vrf.py', ''),
}
TAIL = '''
The columns are:

- **demo**, **network tests**, **transparency**, **second engine**, **AppArmor**: tests of `make check` on that kernel.
- **services**: tftpd-hpa, snmpd, memcached, unbound (under its AppArmor profile), kamailio, and units with DynamicUser=, a
  hardened sandbox, NoExecPaths=, a socket unit and PassPacketInfo=. Each is wrong at first, right with the drop-in at every
  class of address, and wrong again after `--unit --remove`.
- **packages**: upgrade and removal under load. **engine on units**: `--attach`, `--detach`, replyfrom-attach@.service.
- **containers**: the recipes under podman, by root. **VRF**: sockets inside and outside a VRF.
'''


class Count:
	"""Cases of one cell."""

	def __init__(self):
		self.passed = self.failed = self.skipped = 0

	def add(self, line):
		match = re.match(r'(not )?ok \d+ - (.*)', line)
		inner = re.search(r': (\d+) passed, (\d+) failed, (\d+) skipped$', match[2])
		if inner:
			self.passed, self.failed, self.skipped = (old + int(new) for old, new in
				zip((self.passed, self.failed, self.skipped), inner.groups()))
		if match[1]:
			self.failed += not inner or inner[2] == '0'
		elif '# SKIP' in match[2]:
			self.skipped += 1
		elif not inner:
			self.passed += 1

	def __str__(self):
		if not self.passed + self.failed + self.skipped:
			return '-'
		text = f'{self.passed} of {self.passed + self.failed}'
		return f'{text}, {self.skipped} skipped' if self.skipped else text


def _cell(results, kernel, test, prefix):
	count = Count()
	for line in results.get((kernel, test), ()):
		if re.match(rf'(not )?ok \d+ - {prefix}', line):
			count.add(line)
	return str(count)


def text(folder, results):
	"""results: lines of TAP for each (kernel, test)."""
	kernels = {}
	for kernel in dict.fromkeys(kernel for kernel, _ in results):
		with open(f'{folder}/kernels/{kernel}/release') as file:
			kernels[kernel] = file.read().strip()
	yield HEAD
	for kernel, release in kernels.items():
		yield f'- Linux {release}: {", ".join(test for other, test in results if other == kernel)}\n'
	yield CELLS
	yield f'| kernel | {" | ".join(COLUMNS)} |\n'
	yield f'|---{"|---" * len(COLUMNS)}|\n'
	for kernel, release in kernels.items():
		yield f'| {release} | {" | ".join(_cell(results, kernel, *column) for column in COLUMNS.values())} |\n'
	if failed := [f'- Linux {kernels[kernel]}, {test}: {line.partition(" - ")[2]}\n'
			for (kernel, test), lines in results.items() for line in lines if line.startswith('not ok')]:
		yield '\nThese cases failed:\n\n'
		yield from failed
	yield TAIL


def write(path, folder, results):
	"""Replace the section, whole or not at all."""
	with open(path) as file:
		before = file.read().partition(MARK)[0]
	with open(f'{path}.new', 'w') as file:
		file.write(before.rstrip('\n') + '\n\n')
		file.writelines(text(folder, results))
	os.replace(f'{path}.new', path)
