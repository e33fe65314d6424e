# SPDX-License-Identifier: MIT
"""A server in a single file, for compilers of other ABIs (abi_server.c): it tells its peer what its calls returned."""
import lab
import tap
from program import NotReady, SOURCE_DIRECTORY

SOURCE = f'{SOURCE_DIRECTORY}/abi_server.c'
REQUESTS = 13       # what it replies to


def arguments(family):
	return (family, str(lab.PORT))


def conversation(network, argv, **settings):
	"""([source of each reply], [what the server was shown each time])."""
	replies = []
	try:
		with network.start(argv, helped=False, **settings) as server, network.client(lab.SECONDARY) as client:
			for _ in range(REQUESTS):
				client.send(b'question')
				reply = client.receive()
				replies.append(reply or ('', f'nothing ({server.errors()})'))
				if not reply:
					break
	except NotReady as reason:
		replies.append(('', str(reason)))
	return [reply[1] for reply in replies], [reply[0] for reply in replies]


def compare(network, title, argv, library, unlike=None):
	"""Two cases: the library makes the sources right, and nothing else that the server sees is another.

	unlike: why the second one cannot be so on this machine."""
	plain_sources, plain = conversation(network, argv)
	sources, shown = conversation(network, argv, LD_PRELOAD=library)
	wrong = plain_sources == [lab.PRIMARY.address] * REQUESTS
	tap.check(wrong and sources == [lab.SECONDARY.address] * REQUESTS, f'{title}: the right source',
		f'plain, from:       {plain_sources}', f'the library, from: {sources}')
	if unlike:
		tap.unsupported(f'{title}: shown what it asked for', unlike)
		return
	tap.check(len(plain) == REQUESTS and shown == plain, f'{title}: shown what it asked for',
		f'plain:       {plain}', f'the library: {shown}')
