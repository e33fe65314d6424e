#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""docs/recipes.md with podman, by root: an image with the packages, a library mounted into an image, and the second engine."""
import os
import subprocess
import time

import machine
import tap
from machine import Service, lab

import program

ECHO = 6100
# One process that replies: under load, socat with `fork` can miss the signal of its child, and then replies no more.
PROGRAM = f'''socket(my $s, AF_INET6, SOCK_DGRAM, 0) or die;
bind($s, pack_sockaddr_in6({ECHO}, IN6ADDR_ANY)) or die;
while (defined(my $peer = recv($s, my $data, 2048, 0))) {{ send($s, $data, 0, $peer) }}'''
SERVER = ('perl', '-MSocket=:all', '-e', PROGRAM)
NAME = 'echo'


def podman(*arguments):
	return machine.run('podman', *arguments)


class Container:
	"""A container on the host's network, as long as the block."""

	def __init__(self, title, *arguments):
		self.title, self.arguments = title, arguments

	def __enter__(self):
		status, output = podman('run', '-d', '--name', NAME, '--network', 'host', *self.arguments)
		tap.check(status == 0, f'{self.title}: starts', output)
		end = time.monotonic() + lab.DEADLINE
		while not program.is_bound(ECHO) and time.monotonic() < end:
			time.sleep(0.05)
		return podman('inspect', '-f', '{{.State.Pid}}', NAME)[1]

	def __exit__(self, *_):
		podman('rm', '-f', '-t', '0', NAME)


def try_engine_in_container(here, service):
	"""The image that scripts/image makes, with the host's cgroups, process ids and network."""
	machine.succeeds('podman import, with the packages', 'podman', 'import', '/srv/replyfrom.tar', 'replyfrom')
	with Container('as it is, again', 'debian', *SERVER) as pid:
		machine.wrong('as it is, again', here, service)
		attached = machine.Attached('from a container', pid, 'podman', 'run', '--rm', '--privileged', '--network', 'host', '--pid', 'host',
			'--cgroupns', 'host', '-v', '/sys/fs/cgroup:/sys/fs/cgroup', 'replyfrom')
		machine.right('attached from a container', here, service)
		attached.detach()
		machine.wrong('detached from a container', here, service)


def main():
	machine.install_packages()
	here = lab.Lab(own=False)
	library = machine.run('sh', '-c', 'dpkg -L libreplyfrom | grep libreplyfrom.so')[1]
	machine.succeeds('podman import', 'podman', 'import', '/var/lib/container.tar', 'debian')
	service = Service(NAME, ECHO, b'echo', lambda answer, request: answer == request)

	with Container('as it is', 'debian', *SERVER) as pid:
		machine.wrong('as it is', here, service)
		if lack := machine.lacks_engine():
			tap.unsupported('the second engine', lack)
		else:
			attached = machine.Attached('a container', pid)
			machine.right('attached', here, service)
			attached.detach()
			machine.wrong('detached', here, service)
	if not lack:
		try_engine_in_container(here, service)

	mount = ('-v', f'{library}:/libreplyfrom.so:ro', '-e', 'LD_PRELOAD=/libreplyfrom.so')
	for title, options in (('a library mounted', ()),
			('a library mounted, no capability, read-only', ('--cap-drop', 'all', '--read-only', '--security-opt', 'no-new-privileges'))):
		with Container(title, *options, *mount, 'debian', *SERVER) as pid:
			machine.right(title, here, service)
			machine.succeeds(f'{title}: --status on the host', 'replyfrom', '--status', pid)
			machine.contains(f'{title}: --scan on the host', 'is behind replyfrom', 'sh', '-c', f'replyfrom --scan | grep -w {ECHO}')

	os.makedirs('/srv/context')
	subprocess.run('cp /srv/debs/libreplyfrom_*.deb /srv/debs/replyfrom_*.deb /srv/context', shell=True, check=True)
	with open('/srv/context/Containerfile', 'w') as file:
		file.write('FROM debian\nCOPY *.deb /tmp/\nRUN dpkg -i /tmp/*.deb && rm /tmp/*.deb\nENTRYPOINT ["replyfrom"]\n')
	machine.succeeds('podman build, with the packages', 'podman', 'build', '--network', 'host', '-t', 'helped', '/srv/context')
	with Container('the packages in the image', 'helped', *SERVER):
		machine.right('the packages in the image', here, service)
	tap.finish()


main()
