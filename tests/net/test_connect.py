# SPDX-License-Identifier: MIT
"""Servers that take a peer for the socket's own with connect(), alone or beside a listener."""
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
from cases import run
from patterns import rows

ONE_PEER = (
	'connect-read-write',
	'connect-recv-send',
	'connect-in-child',
	'connect-exec',
)
MANY_PEERS = (
	'relisten',
	'fresh-same-port',
)

lab.main(lambda network: run(network, (
	*rows(ONE_PEER, once=True, flow=3),
	*rows(MANY_PEERS, flow=3),
	# After connect(AF_UNSPEC) an IPv6 socket still hears only the address that it was connected to (sk_v6_daddr stays).
	*rows(('connect-disconnect',), flow=3, without=(lab.LINK_LOCAL,)),
	*rows(('connect-recv-send',), '-b', lab.INTERFACE, once=True, flow=3, without=(lab.LOOPBACK, lab.ON_LO6)),
)))
