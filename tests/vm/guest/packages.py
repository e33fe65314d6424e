#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The Debian packages: upgrade and removal under load, and what the services do meanwhile and after."""
import glob
import os
import shutil
import subprocess
import threading

import machine
import tap
from machine import HERE, Service, lab

UNIT = 'load.service'
ECHO = 6100


class Load(threading.Thread):
	"""Requests at a secondary address, one after the other; answers are counted by whether they are right."""

	def __init__(self, here, service):
		super().__init__()
		self.client = here.client(lab.SECONDARY)
		self.service, self.right, self.bad, self.ends = service, 0, [], False

	def run(self):
		while not self.ends:
			number = self.right + len(self.bad)
			source = self.client.ask(b'request %d.' % number, port=self.service.port)
			if source == lab.SECONDARY.address:
				self.right += 1
			else:
				self.bad.append(f'request {number}: answered from {source}')

	def __enter__(self):
		self.start()
		return self

	def __exit__(self, *_):
		self.ends = True
		self.join()
		self.client.socket.close()

	def check(self, title):
		self.__exit__()
		tap.check(self.right and not self.bad, f'{title}: {self.right and "all"} requests answered from the right address',
			f'{self.right} right', *self.bad)


def newer(folder):
	"""The packages with a higher version; their paths."""
	for package in (path for path in glob.glob('/srv/debs/*.deb') if 'dbgsym' not in path):
		tree = f'{folder}/tree'
		subprocess.run(['dpkg-deb', '-R', package, tree], check=True)
		with open(f'{tree}/DEBIAN/control') as file:
			control = file.read().replace('0.1.0', '0.1.0+1')
		with open(f'{tree}/DEBIAN/control', 'w') as file:
			file.write(control)
		subprocess.run(['dpkg-deb', '-Zgzip', '-z1', '-b', tree, f'{folder}/{os.path.basename(package)}'], check=True,
			stdout=subprocess.DEVNULL)
		shutil.rmtree(tree)
	return glob.glob(f'{folder}/*.deb')


def main():
	machine.install_packages()
	here = lab.Lab(own=False)
	subprocess.run(['cp', f'{HERE}/echo.py', '/opt/echo.py'], check=True)
	# Each request is answered by a program of its own, that the loader starts with the library anew. socat gives it that many seconds.
	with open(f'/etc/systemd/system/{UNIT}', 'w') as file:
		file.write(f'[Service]\nExecStart=/usr/bin/socat -t 60 UDP4-RECVFROM:{ECHO},fork EXEC:/bin/cat\n')
	service = Service(UNIT, ECHO, b'request', lambda answer, request: answer == request, lab.IPV4)
	machine.try_service(here, service)

	os.makedirs('/srv/newer')
	packages = newer('/srv/newer')
	with Load(here, service) as load:
		machine.succeeds('an upgrade under load', 'dpkg', '-i', *packages)
		load.check('during the upgrade')
	machine.right('after the upgrade', here, service)
	machine.restart('after the upgrade', UNIT, ECHO)
	machine.right('after the upgrade and a restart', here, service)
	journal = machine.run('journalctl', '--no-pager', '-u', UNIT)[1]
	tap.check('preload' not in journal, 'the loader had nothing to say', journal)

	with Load(here, service) as load:
		output = machine.succeeds('a removal under load', 'dpkg', '-r', 'replyfrom-bpf', 'replyfrom', 'libreplyfrom')
		load.check('during the removal')
	drop_in = f'/etc/systemd/system/{UNIT}.d/replyfrom.conf'
	tap.check(f'{UNIT}  {drop_in}' in output and f'rm "{drop_in}"' in output, 'prerm names the drop-in, and how to remove it', output)
	tap.check(not glob.glob('/usr/lib/*/replyfrom') and not os.path.exists('/usr/bin/replyfrom'), 'no file of the packages stays')
	machine.restart('after the removal', UNIT, ECHO)
	machine.wrong('after the removal and a restart, with the drop-in left', here, service)
	os.remove(drop_in)
	machine.restart('after the removal of the drop-in', UNIT, ECHO)
	machine.wrong('after the removal of the drop-in', here, service)
	tap.finish()


main()
