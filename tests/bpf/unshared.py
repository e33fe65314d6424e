# SPDX-License-Identifier: MIT
"""A server in a thread with a descriptor table of its own: PORT OTHER-PORT. The number of its socket is that of another
socket, on OTHER-PORT, in the rest of the process. Connects to the first peer, and says to what the other is connected."""
import ctypes
import socket
import sys
import threading

CLONE_FILES = 0x400
has_socket, both = threading.Event(), threading.Event()


def serve():
	if ctypes.CDLL(None, use_errno=True).unshare(CLONE_FILES):
		sys.exit('unshare')
	server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	server.bind(('', int(sys.argv[1])))
	numbers.append(server.fileno())
	has_socket.set()
	both.wait()
	request, peer = server.recvfrom(99)
	server.connect(peer)
	server.send(request)


numbers = []
thread = threading.Thread(target=serve)
thread.start()
has_socket.wait()
other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
other.bind(('', int(sys.argv[2])))
assert other.fileno() == numbers[0]
both.set()
thread.join()
try:
	print('connected to', other.getpeername(), flush=True)
except OSError:
	print('not connected.', flush=True)
