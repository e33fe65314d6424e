# SPDX-License-Identifier: MIT
"""A server that also speaks first: talk.py FAMILY PORT [lite] [gso] [gro]; PORT `-`: one that the kernel chooses.
Lines on stdin: `ADDRESS PORT TEXT` sends the text there. Requests are echoed, but for those that start with `answer`."""
import os
import select
import socket
import sys

family = {'4': socket.AF_INET, '6': socket.AF_INET6}[sys.argv[1]]
wildcard = socket.socket(family, socket.SOCK_DGRAM, 136 if 'lite' in sys.argv else 0)     # IPPROTO_UDPLITE
for name, option, value in (('gso', 103, 500), ('gro', 104, 1)):     # UDP_SEGMENT, UDP_GRO
	if name in sys.argv:
		wildcard.setsockopt(socket.IPPROTO_UDP, option, value)
if sys.argv[2] != '-':
	wildcard.bind(('', int(sys.argv[2])))
print('ready', flush=True)
commands = b''
while True:
	for ready in select.select([0, wildcard], [], [])[0]:
		if ready is wildcard:
			payload, peer = wildcard.recvfrom(65536)
			if not payload.startswith(b'answer'):
				wildcard.sendto(payload, peer)
			continue
		more = os.read(0, 4096)
		if not more:
			sys.exit()
		*lines, commands = (commands + more).split(b'\n')
		for line in lines:
			address, port, text = line.split(b' ', 2)
			wildcard.sendto(text, (address.decode(), int(port)))
