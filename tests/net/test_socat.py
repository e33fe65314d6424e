# SPDX-License-Identifier: MIT
"""socat: it peeks, connects and forks (LISTEN), or peeks in the parent and answers in the child (RECVFROM)."""
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
from cases import Server, echo, run
from lab import IPV4, IPV6

PORT = lab.PORT


def socat(address, peer, destinations, once=False, flow=2):
	return Server(f'socat {address} {peer}', ('socat', address.replace(':', f':{PORT},', 1).rstrip(','), peer),
		destinations, echo, once, flow)


SOCATS = (
	socat('UDP4-LISTEN:', 'EXEC:cat', IPV4, once=True),
	socat('UDP4-LISTEN:', 'PIPE', IPV4, once=True),
	socat('UDP4-LISTEN:reuseaddr,fork', 'EXEC:cat', IPV4),
	socat('UDP4-RECVFROM:', 'EXEC:cat', IPV4, once=True, flow=1),
	socat('UDP4-RECVFROM:fork', 'EXEC:cat', IPV4),
	socat('UDP6-LISTEN:reuseaddr,fork,ipv6only=0', 'EXEC:cat', IPV6 + IPV4),
	socat('UDP6-RECVFROM:fork,ipv6only=0', 'EXEC:cat', IPV6 + IPV4),
)

lab.main(lambda network: run(network, SOCATS))
