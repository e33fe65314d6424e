# SPDX-License-Identifier: MIT
"""Other preloaded libraries rewrite answers for the program, not for the library: that asks the libc itself."""
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import tap
from patterns import argv
from program import BUILD_DIRECTORY, LIBRARY

REWRITER = f'{BUILD_DIRECTORY}/tests/compat/rewriter.so'


def sources(network, mode, preloads, **settings):
	with network.start(argv(mode, '-4'), helped=False, LD_PRELOAD=':'.join(preloads), **settings), \
			network.client(lab.SECONDARY) as client:
		return client.ask(b'request'), client.ask(b'again', patience=lab.DEADLINE if LIBRARY in preloads else lab.LOSS)


def test(network):
	for mode in ('recvfrom/sendto', 'connect-recv-send', 'fresh-connect'):
		plain = sources(network, mode, (REWRITER,))
		helped = sources(network, mode, (REWRITER, LIBRARY))
		tap.check(plain != helped == (lab.SECONDARY.address,) * 2, f'{mode}, behind a preload that rewrites names',
			f'plain, from:     {plain}', f'replyfrom, from: {helped}')


lab.main(test)
