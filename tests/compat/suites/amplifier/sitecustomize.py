# SPDX-License-Identifier: MIT
"""Turns a test suite's binds of UDP sockets to loopback into wildcard binds of a port of their own: only there is the library active."""
import errno
import itertools
import os
import socket

# How a loopback address begins, the wildcard one, and the one that tests expect to be bound to.
LOOPBACK = {socket.AF_INET: ('127.', '0.0.0.0', '127.0.0.1'), socket.AF_INET6: ('::1', '::', '::1')}
_ports = itertools.count(20000)
_bound = set()
_bind = socket.socket.bind
_getsockname = socket.socket.getsockname
_count = 0


def _is_loopback(sock, address):
	if sock.family not in LOOPBACK or sock.type != socket.SOCK_DGRAM or not isinstance(address, tuple):
		return False
	host = address[0]
	return isinstance(host, str) and (host == 'localhost' or host.startswith(LOOPBACK[sock.family][0]))


def bind(sock, address):
	"""bind(2), but for loopback addresses; the library takes port 0 for a client's, so it gets a number here."""
	global _count
	if not _is_loopback(sock, address):
		return _bind(sock, address)
	wildcard = LOOPBACK[sock.family][1]
	_count += 1
	while True:
		port = address[1] or next(_ports)
		try:
			_bind(sock, (wildcard, port, *address[2:]))
		except OSError as error:
			if address[1] or error.errno != errno.EADDRINUSE:
				raise
		else:
			_bound.add(port)
			return None


def getsockname(sock):
	"""getsockname(2), but where bind() was turned: the tests compare it with where datagrams come from."""
	name = _getsockname(sock)
	if sock.family in LOOPBACK and name[1] in _bound and name[0] == LOOPBACK[sock.family][1]:
		return (LOOPBACK[sock.family][2], *name[1:])
	return name


def _report():
	with open(os.environ['AMPLIFIED'], 'a') as file:
		file.write(f'{_count}\n')


if 'AMPLIFIED' in os.environ:
	import atexit
	socket.socket.bind = bind
	socket.socket.getsockname = getsockname
	atexit.register(_report)
