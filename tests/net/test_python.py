# SPDX-License-Identifier: MIT
"""Servers in Python: recvfrom then sendto from the same thread, another thread, a forked child and an event loop."""
import os
import sys

import lab
from cases import Server, echo, run
from lab import IPV4, IPV6

ECHO = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'echo.py')


def python(kind, destinations):
	return Server(f'python {kind}', (sys.executable, ECHO, kind, str(lab.PORT)), destinations, echo)


SERVERS = (
	python('UDPServer', IPV4),
	python('ThreadingUDPServer', IPV4),
	python('ForkingUDPServer', IPV4),
	python('asyncio', IPV4),
	python('recvmsg', IPV4),
	python('dual-stack', IPV6 + IPV4),
)

lab.main(lambda network: run(network, SERVERS))
