# SPDX-License-Identifier: MIT
"""run.py FOLDER [KERNEL/TEST...]: boots what image.sh made in FOLDER, some machines at a time, and shows their TAP."""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import time

import page

# The kernels' names are those of Debian's suites. The first has all tests, the others have what depends on the kernel.
PLACES = [('bookworm', test) for test in ('boot.sh', 'services.py', 'packages.py', 'engine.py', 'containers.py', 'vrf.py', 'suite.py',
	'apparmor.sh')]
PLACES += [(kernel, test) for kernel in ('bullseye', 'bookworm-backports', 'sid') for test in ('boot.sh', 'engine.py', 'vrf.py', 'suite.py')]


def start(accelerator, kernel, arguments, patience, *options):
	"""Boot a kernel, and return when the machine ends; None if it does not in time."""
	try:
		return subprocess.run(['qemu-system-x86_64', '-accel', accelerator, '-cpu', 'max,arch-capabilities=off', '-smp', '1', '-m', '2048',
			'-display', 'none', '-no-reboot', '-nodefaults', '-nic', 'none', '-kernel', kernel,
			'-append', f'console=ttyS0 panic=-1 no_timer_check {arguments}', *options], stdin=subprocess.DEVNULL, timeout=patience, check=False)
	except subprocess.TimeoutExpired:
		return None


def accelerator(folder, kernel):
	"""kvm if a kernel gets under it to where it finds no root file system; not every /dev/kvm runs every kernel."""
	console = f'{folder}/kvm.console'
	if (os.access('/dev/kvm', os.R_OK | os.W_OK) and
			start('kvm', f'{folder}/kernels/{kernel}/vmlinuz', 'earlyprintk=ttyS0', 30, '-serial', f'file:{console}')):
		with open(console, errors='replace') as lines:
			if any('Linux version' in line for line in lines):
				return 'kvm'
	return 'tcg'


def boot(folder, kernel, test, accel):
	"""The TAP that the guest wrote to its second serial port."""
	part = f'{folder}/kernels/{kernel}'
	result, console = f'{folder}/{kernel}-{test}.tap', f'{folder}/{kernel}-{test}.console'
	drives = [word for name in ('root', 'tree')
		for word in ('-drive', f'file={folder}/{name}.ext4,format=raw,if=virtio,snapshot=on')]
	# The limit is for the whole; without KVM all takes some twenty times as long.
	start(accel, f'{part}/vmlinuz', f'root=/dev/vda rw quiet systemd.show_status=0 replyfrom.test={test}',
		1800 if accel == 'kvm' else 4 * 3600, '-initrd', f'{part}/initrd', *drives,
		'-serial', f'file:{console}', '-serial', f'file:{result}')
	with open(result, errors='replace') as lines:
		return [line.rstrip('\r\n') for line in lines]


def timed_boot(folder, kernel, test, accel):
	"""What boot() returns, and the seconds that it took."""
	begin = time.monotonic()
	return boot(folder, kernel, test, accel), time.monotonic() - begin


def is_good(lines):
	"""Is there a plan, as many cases, and none that failed?"""
	plans = [int(match[1]) for line in lines if (match := re.match(r'1\.\.(\d+)', line))]
	cases = [line for line in lines if re.match(r'(not )?ok\b', line)]
	return plans == [len(cases)] and not any(line.startswith('not ok') for line in cases)


def main():
	parser = argparse.ArgumentParser(description=__doc__)
	parser.add_argument('folder')
	parser.add_argument('--page', help='a document whose section about machines is written anew')
	parser.add_argument('--jobs', type=int, default=os.cpu_count(), help='so many machines at a time, of 2 GB each')
	parser.add_argument('places', nargs='*', metavar='KERNEL/TEST')
	arguments = parser.parse_args()
	places = [tuple(place.split('/')) for place in arguments.places] or PLACES
	bad = []
	results = {}
	accel = accelerator(arguments.folder, places[0][0])
	print(f'# accelerator: {accel}')
	with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
		# The longest first.
		boots = {place: pool.submit(timed_boot, arguments.folder, *place, accel)
			for place in sorted(places, key=lambda place: place[1] != 'suite.py')}
		for kernel, test in places:
			lines, seconds = boots[kernel, test].result()
			results[kernel, test] = lines
			with open(f'{arguments.folder}/kernels/{kernel}/release') as file:
				print(f'# Linux {file.read().strip()}: {test}')
			print('\n'.join(lines))
			print(f'# {seconds:.0f} seconds', flush=True)
			if not is_good(lines):
				bad.append(f'{kernel}/{test}')
	if arguments.page:
		page.write(arguments.page, arguments.folder, results)
	print(f'# {len(places) - len(bad)} of {len(places)} machines passed' + (f'; not: {" ".join(bad)}' if bad else ''))
	sys.exit(1 if bad else 0)


main()
