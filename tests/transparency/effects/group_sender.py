# SPDX-License-Identifier: MIT
"""A UDP server that sets IP_MULTICAST_IF, connects to the first peer, disconnects, and sends to a group.

Arguments: the port, and what to do, in order: index=DEVICE, address=ADDRESS, both=ADDRESS@DEVICE and clear=KIND set IP_MULTICAST_IF
(child:... in a forked process); bind; device=DEVICE; exec; answer; answer again; wait (for a line on standard input); send.
"""
import os
import socket
import struct
import sys

GROUP = ('239.1.2.3', 7999)
FAMILY = socket.AF_INET


def multicast_interface(kind, value):
	"""The option's value: struct in_addr, ip_mreq or ip_mreqn."""
	nowhere = socket.inet_aton('0.0.0.0')
	if kind == 'index':
		return nowhere + nowhere + struct.pack('i', socket.if_nametoindex(value))
	if kind == 'both':
		address, device = value.split('@')
		return nowhere + socket.inet_aton(address) + struct.pack('i', socket.if_nametoindex(device))
	if kind == 'address':
		return socket.inet_aton(value)
	return {'in_addr': nowhere, 'ip_mreq': 2 * nowhere, 'ip_mreqn': 3 * nowhere}[value]


def answer(server):
	request, peer = server.recvfrom(99)
	server.connect(peer)
	server.send(request)


def answer_again(server):
	"""On the connected socket; a plain connect() may have made the kernel refuse the request."""
	server.settimeout(1)
	try:
		server.send(server.recv(99))
	except OSError:
		pass


def send(server):
	"""To the group, from the unconnected socket, and say what the option shows."""
	disconnect(server)
	try:
		server.sendto(b'to the group', GROUP)
		result = 'sent'
	except OSError as error:
		result = os.strerror(error.errno)
	shown = socket.inet_ntoa(server.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, 4))
	print(f'{result}, shown {shown}.', flush=True)


def disconnect(server):
	import ctypes
	unspecified = bytes(16)
	ctypes.CDLL(None).connect(server.fileno(), unspecified, len(unspecified))


def set_in(where, server, kind, value):
	if where == 'child':
		if not os.fork():
			server.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, multicast_interface(kind, value))
			os._exit(0)
		os.wait()
	else:
		server.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, multicast_interface(kind, value))


def main(port, *steps):
	if port.startswith('fd='):
		number, port = port[3:].split(':')
		server = socket.socket(fileno=int(number))
	else:
		server = socket.socket(FAMILY, socket.SOCK_DGRAM)
	for number, step in enumerate(steps):
		name, _, value = step.partition('=')
		where, _, kind = name.rpartition(':')
		if step == 'bind':
			server.bind(('', int(port)))
		elif step == 'exec':
			os.set_inheritable(server.fileno(), True)
			os.execv(sys.executable, (sys.executable, __file__, f'fd={server.fileno()}:{port}', *steps[number + 1:]))
		elif step == 'answer':
			answer(server)
		elif step == 'answer again':
			answer_again(server)
		elif step == 'wait':
			sys.stdin.readline()
		elif step == 'send':
			send(server)
		elif name == 'device':
			server.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, value.encode())
		else:
			set_in(where, server, kind, value)


main(*sys.argv[1:])
