#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A server whose interface belongs to a VRF (kernel documentation, networking/vrf): sockets within and outside it, all addresses."""
import os
import subprocess

import machine
import tap
from machine import HERE, lab

import namespaces

DESTINATIONS = (lab.SECONDARY, lab.ON_LO, lab.PRIMARY, lab.FIRST6, lab.NEWEST6, lab.ON_LO6, lab.LINK_LOCAL)
# A device loses IPv6 addresses when it joins a VRF, and the VRF has no lo of its own.
ENSLAVE = ('addr del 198.51.100.53/32 dev lo', 'addr del 2001:db8:53::53/128 dev lo', 'link add red type vrf table 100', 'link set red up',
	f'link set {lab.INTERFACE} master red', 'addr add 198.51.100.53/32 dev red', 'addr add 2001:db8:53::53/128 dev red nodad',
	*(f'addr replace {address} dev {lab.INTERFACE} nodad' for address in ('2001:db8::1/64', '2001:db8::2/64', 'fe80::1/64', 'fe80::53/64')))


def answers(here, device, helped, patience=lab.DEADLINE):
	"""The source of the answer for each destination."""
	sources = {}
	with here.start(['python3', '-I', '-S', f'{HERE}/echo.py', str(lab.PORT), *device], helped) as server:
		# Its port is bound before the library has turned PKTINFO on.
		if not server.shows(b'ready', lab.DEADLINE):
			raise machine.program.NotReady(server.errors())
		for destination in DESTINATIONS:
			with here.client(destination) as client:
				sources[destination] = client.ask(destination.title.encode(), patience=patience)
	return sources


def try_socket(here, title, device):
	sources = answers(here, device, False, machine.PATIENCE)
	tap.check(any(source != destination.address for destination, source in sources.items()), f'{title}: wrong without replyfrom',
		*machine.told(sources))
	sources = answers(here, device, True)
	for destination, source in sources.items():
		tap.check(source == destination.address, f'{title}: {destination.title}', f'answered from {source}')


def try_early(here, title):
	"""A request that came before the library knew of the socket: for IPv4 the kernel has kept no interface by then (udp(7))."""
	for destination in (lab.SECONDARY, lab.FIRST6):
		command = ['systemd-socket-activate', '-d', '-l', f'[::]:{lab.PORT}', machine.program.WRAPPER, '--', 'python3', '-I', '-S',
			f'{HERE}/echo.py', str(lab.PORT)]
		with here.start(command, False), here.client(destination) as client:
			first, second = (client.ask(text, patience=machine.PATIENCE) for text in (b'first', b'second'))
		tap.check(second == destination.address, f'{title}: {destination.title}, the second request', f'answered from {second}')
		if destination in lab.IPV6:
			tap.check(first == destination.address, f'{title}: {destination.title}, the first request', f'answered from {first}')
		else:
			tap.check(first is None, f'{title}: {destination.title}, the first request gets no answer', f'answered from {first}')


def main():
	subprocess.run(['modprobe', 'vrf'], check=False)
	here = lab.Lab()
	namespaces.ip(*ENSLAVE)
	for accept in (1, 0):
		namespaces.set_sysctl('ipv4/udp_l3mdev_accept', accept)
		if accept:
			try_socket(here, 'unbound, udp_l3mdev_accept=1', ())
			try_early(here, 'activated, udp_l3mdev_accept=1')
		try_socket(here, f'bound to the VRF, udp_l3mdev_accept={accept}', ('red',))
		try_socket(here, f'bound to the interface, udp_l3mdev_accept={accept}', (lab.INTERFACE,))
	sources = answers(here, (), True, machine.PATIENCE)
	tap.check(not any(sources.values()), 'unbound, udp_l3mdev_accept=0: gets nothing of the VRF', *machine.told(sources))
	tap.finish()


os.chdir('/')
main()
