# SPDX-License-Identifier: MIT
"""Servers in Python: recvfrom then sendto from the same thread, another thread, a forked child and an event loop."""
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
from cases import Server, echo, run
from lab import IPV4, IPV6


def python(kind, destinations):
	return Server(f'python {kind}', (sys.executable, lab.ECHO, kind, str(lab.PORT)), destinations, echo)


SERVERS = (
	python('UDPServer', IPV4),
	python('ThreadingUDPServer', IPV4),
	python('ForkingUDPServer', IPV4),
	python('asyncio', IPV4),
	python('recvmsg', IPV4),
	python('dual-stack', IPV6 + IPV4),
)

lab.main(lambda network: run(network, SERVERS))
