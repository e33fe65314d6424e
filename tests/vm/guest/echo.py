# SPDX-License-Identifier: MIT
"""echo.py PORT [DEVICE]: sends each datagram back where it came from, and shows when it is ready; with a socket of systemd's, on that."""
import contextlib
import os
import socket
import sys

if os.environ.get('LISTEN_FDS'):
	server = socket.socket(fileno=3)
else:
	server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
	server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
	if len(sys.argv) > 2:
		server.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, sys.argv[2].encode())
	server.bind(('::', int(sys.argv[1])))
print('ready', flush=True)
while True:
	with contextlib.suppress(OSError):
		server.sendto(*server.recvfrom(65535))
