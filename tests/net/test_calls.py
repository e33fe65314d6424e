# SPDX-License-Identifier: MIT
"""Each way to receive with each way to answer on the same socket."""
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
from cases import run
from patterns import rows

CALLS = (
	'recvfrom/sendto',
	'recvfrom/sendmsg',
	'recvmsg/sendmsg',
	'recvmsg/sendmmsg',
	'recvmmsg/sendto',
	'recvmmsg/sendmmsg',
	'recvmmsg-1024/sendto',
	'recvmmsg-1024/sendmmsg',
	'peek-0/sendto',
	'peek-1/sendto',
	'peek-4/sendto',
	'recvmsg/unspecified',
)

lab.main(lambda network: run(network, (
	*rows(CALLS),
	*rows(('pktinfo/sendto', 'pktinfo/unspecified'), '-p', families=('-4', '-6')),
	# A socket that is bound to an interface hears nothing on lo.
	*rows(('recvfrom/sendto', 'recvmsg/sendmsg'), '-b', lab.INTERFACE, without=(lab.LOOPBACK,)),
)))
