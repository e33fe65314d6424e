# SPDX-License-Identifier: MIT
"""The netcats: they take the first datagram's peer for their own with connect()."""
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
from cases import Server, chat, echo, run
from lab import IPV4, IPV6
from program import are_both_bound

PORT = str(lab.PORT)
NETCATS = (
	Server('nc.openbsd -u -l', ('nc.openbsd', '-u', '-l', PORT), IPV4, chat, once=True, flow=3),
	Server('nc.openbsd -6 -u -l', ('nc.openbsd', '-6', '-u', '-l', PORT), IPV6 + IPV4, chat, once=True, flow=3),
	Server('nc.traditional -u -l', ('nc.traditional', '-u', '-l', '-p', PORT), IPV4, chat, once=True, flow=3),
	Server('nc.traditional -u -l -e', ('nc.traditional', '-u', '-l', '-p', PORT, '-e', '/bin/cat'), IPV4, echo, once=True, flow=3),
	Server('ncat -u -l', ('ncat', '-u', '-l', PORT), IPV6 + IPV4, chat, once=True, flow=3, ready=are_both_bound),
	Server('ncat -u -l -e', ('ncat', '-u', '-l', PORT, '-e', '/bin/cat'), IPV6 + IPV4, echo, once=True, flow=3, ready=are_both_bound),
)

lab.main(lambda network: run(network, NETCATS))
