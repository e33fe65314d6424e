# SPDX-License-Identifier: MIT
"""A UDP server that accepts as mbedtls_net_accept() does: it connects the listening socket to the peer that asks, and binds the next
one to the address that getsockname() shows of the first. Prints the address that each next one has.

Arguments: the port, -4 or -6, and what differs:
late: answers before it binds the next one; known: does not ask getsockname(); heard: receives on another socket in between;
device=NAME: the first one is bound to it; moved: binds another port; fault: calls bind() with a bad pointer first.
"""
import ctypes
import itertools
import os
import socket
import sys

port, family, *rest = sys.argv[1:]
family = socket.AF_INET6 if family == '-6' else socket.AF_INET
options = dict(option.partition('=')[::2] for option in rest)


def listening(name):
	listener = socket.socket(family, socket.SOCK_DGRAM)
	listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	listener.bind(name)
	return listener


def own_name(client, peer):
	if 'known' not in options:
		return client.getsockname()
	# The same without getsockname(): what the kernel's table of sockets says of the connected one.
	with open('/proc/thread-self/net/udp') as lines:
		for line in list(lines)[1:]:
			local, remote = (text.split(':') for text in line.split()[1:3])
			if int(remote[1], 16) == peer[1]:
				return socket.inet_ntoa(int(local[0], 16).to_bytes(4, sys.byteorder)), int(local[1], 16)
	raise LookupError(peer)


def hear(other):
	"""A request to another server socket of this thread."""
	with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
		asking.sendto(b'', ('127.0.0.1', other.getsockname()[1]))
	other.recvfrom(9)


def fault():
	result = ctypes.CDLL(None, use_errno=True).bind(socket.socket(family, socket.SOCK_DGRAM).detach(), ctypes.c_void_p(8), 16)
	print(os.strerror(ctypes.get_errno()) if result else 'no error', flush=True)


def main():
	listener = listening(('', int(port)))
	other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	if 'heard' in options:
		other.bind(('', 0))
	if 'device' in options:
		listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, options['device'].encode())
	for number in itertools.count(1):
		peer = listener.recvfrom(1, socket.MSG_PEEK)[1]
		client = listener
		client.connect(peer)
		name = own_name(client, peer)
		if 'heard' in options:
			hear(other)
		if 'late' in options:
			client.send(client.recv(99))
			client.close()
		if 'moved' in options:
			name = (name[0], name[1] + 1, *name[2:])
		if 'fault' in options:
			fault()
		listener = listening(name)
		print(f'{number}. {listener.getsockname()[0]}', flush=True)
		if 'late' not in options:
			client.send(client.recv(99))
			client.close()


main()
