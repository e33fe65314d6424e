#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""window.py [ROUNDS]: how long a server that sends all the time goes on with an IPv6 source that the host has removed.

The time from the request to remove the address until the last datagram that left with it, in microseconds: the mean, the worst,
and the number of such datagrams. A removal counts only if the server sent just before. Needs root, in a build tree."""
import os
import socket
import struct
import sys
import time

import engine
import lab
import namespaces

MOVING = '2001:db8::77'
FLOOD = '''
import socket, sys
server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
server.bind(('', int(sys.argv[1])))
request, peer = server.recvfrom(99)
while True:
	try:
		server.sendto(b'x', peer)
	except OSError:
		pass
'''
RTM_DELADDR, NLM_F_REQUEST, NLM_F_ACK, IFA_ADDRESS = 21, 1, 4, 1
SO_TIMESTAMPNS, SCM_TIMESTAMPNS, SO_RCVBUFFORCE = 35, 35, 33
BEFORE, AFTER, GAP = 20000000, 50000000, 500000      # nanoseconds


def remove(address, interface):
	"""Remove the address, and return the time of the request, in nanoseconds."""
	attribute = struct.pack('=HH16s', 20, IFA_ADDRESS, socket.inet_pton(socket.AF_INET6, address))
	body = struct.pack('=BBBBI', socket.AF_INET6, 128, 0, 0, socket.if_nametoindex(interface)) + attribute
	with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
		message = struct.pack('=IHHII', 16 + len(body), RTM_DELADDR, NLM_F_REQUEST | NLM_F_ACK, 1, 0) + body
		began = time.clock_gettime_ns(time.CLOCK_REALTIME)
		netlink.send(message)
		answer = netlink.recv(4096)
	error, = struct.unpack_from('=i', answer, 16)
	if error:
		raise OSError(-error, os.strerror(-error))
	return began


def datagrams(client):
	"""The source and the time of arrival, in nanoseconds, of each datagram."""
	while True:
		_data, ancillary, _flags, peer = client.recvmsg(9, 64)
		seconds, rest = next(struct.unpack('=qq', data[:16]) for _level, kind, data in ancillary if kind == SCM_TIMESTAMPNS)
		yield peer[0], seconds * 1000000000 + rest


def measure(network):
	with namespaces.inside(network.client_namespace):
		client = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
		client.bind(('', 0))
	client.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
	client.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 28)     # what waits meanwhile must not be dropped
	client.settimeout(lab.DEADLINE)
	namespaces.ip(f'addr add {MOVING}/128 dev {lab.INTERFACE} nodad')
	with network.start((engine.PYTHON, '-c', FLOOD, str(lab.PORT)), True) as server, client:
		os.setpriority(os.PRIO_PROCESS, server.pid, -20)
		client.sendto(b'request', (MOVING, lab.PORT))
		arrivals = datagrams(client)
		next(source for source, _moment in arrivals if source == MOVING)
		time.sleep(BEFORE / 1e9)
		began = remove(MOVING, lab.INTERFACE)
		before, late = 0, []
		for source, moment in arrivals:
			if source == MOVING and moment > began:
				late.append(moment)
			elif source == MOVING:
				before = moment
			if moment > began + AFTER:
				break
	if began - before > GAP:        # another process had the server's CPU
		return None
	return (max(late) - began) / 1000 if late else 0, len(late)


def main(network):
	rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
	results = []
	while len(results) < rounds:
		result = measure(network)
		results += [result] if result else []
	windows = [window for window, _count in results]
	print(f'# {rounds} removals: {sum(windows) / rounds:.0f} us in the mean, {max(windows):.0f} at most, '
		f'{sum(count for _window, count in results) / rounds:.1f} datagrams each')


engine.require()
lab.main(main)
