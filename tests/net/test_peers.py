# SPDX-License-Identifier: MIT
"""Which peer an answer is for: several at once, one at several addresses, and peers' addresses in another form."""
import contextlib
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import tap
from cases import Sources
from patterns import argv


def compare(title, destinations, answer_sources, network, may_be_silent=False):
	"""One case: answer_sources(helped) must be wrong somewhere without replyfrom, and right everywhere with it."""
	if not all(map(network.has, destinations)):
		tap.unavailable(title, 'no IPv6 on this machine')
		return
	plain, helped = Sources(answer_sources(False)), Sources(answer_sources(True))
	asked = [destination.address for destination in destinations]
	proved = plain != asked and (may_be_silent or None not in plain)
	tap.check(proved and helped == asked, title, f'asked at:        {Sources(asked)}', f'plain, from:     {plain}',
		f'replyfrom, from: {helped}')


def late_answers(network, family, destinations, helped):
	"""Each is answered when the next has asked; one more asks at last, for the sake of the one before."""
	with network.start(argv('late', family), helped), contextlib.ExitStack() as stack:
		clients = [stack.enter_context(network.client(destination)) for destination in (*destinations, destinations[0])]
		for client in clients:
			client.send(b'wait')
		return [answer and answer[1] for answer in (client.receive() for client in clients[:-1])]


def burst(network, family, addresses, helped):
	"""One port asks at several addresses before it looks at the first answer."""
	with network.start(argv('recvfrom/sendto', family), helped), network.client(addresses[0]) as client:
		for destination in addresses:
			client.send(destination.address.encode(), destination.address)
		answers = dict(answer[:2] for answer in (client.receive() for _ in addresses) if answer)
		return [answers.get(destination.address.encode()) for destination in addresses]


def in_turn(network, mode, family, addresses, helped):
	"""One port asks here, there and here again."""
	sources = []
	with network.start(argv(mode, family), helped) as program, network.client(addresses[0]) as client:
		for number, destination in enumerate(addresses):
			program.await_bound(lab.PORT, lab.DEADLINE)
			sources.append(client.ask(f'{number}'.encode(), destination.address))
	return sources


def other_form(network, mode, family, destination, helped):
	"""The program answers to a socket address that it made itself."""
	with network.start(argv(mode, family), helped), network.client(destination) as client:
		source = client.ask(b'hello', patience=lab.DEADLINE if helped else lab.LOSS)
		return [source]


def neighbours(network, destination):
	"""Two clients of one host, whose ports are next to each other."""
	for _ in range(100):
		first = network.client(destination)
		with contextlib.suppress(OSError, OverflowError):
			return first, network.client(destination, first.socket.getsockname()[1] + 1)
		first.socket.close()
	raise OSError('no two ports next to each other are free')


def next_port(network, family, destination, helped):
	"""The answer goes to another port of the host that asked."""
	first, second = neighbours(network, destination)
	with network.start(argv('recvfrom/next-port', family), helped), first, second:
		first.send(b'hello')
		answer = second.receive()
		return [answer and answer[1]]


def test(network):
	for family, destinations in (('-4', lab.IPV4), ('-6', lab.IPV6), ('-D', lab.IPV4 + lab.IPV6)):
		compare(f'late answers {family}', destinations,
			lambda helped: late_answers(network, family, destinations, helped), network)
	third = lab.Destination('third', '192.0.2.3', '192.0.2.100')
	addresses4 = (lab.SECONDARY, third, lab.PRIMARY, lab.ON_LO, lab.SECONDARY)
	addresses6 = (lab.FIRST6, lab.NEWEST6, lab.ON_LO6, lab.FIRST6)
	for family, addresses in (('-4', addresses4), ('-6', addresses6), ('-D', addresses4)):
		compare(f'one port at several addresses in a burst {family}', addresses[:-1],
			lambda helped: burst(network, family, addresses[:-1], helped), network)
		for mode in ('recvfrom/sendto', 'another-thread', 'another-process', 'prefork', 'duplicates', 'connect-disconnect'):
			compare(f'one port at several addresses in turn {family} {mode}', addresses,
				lambda helped: in_turn(network, mode, family, addresses, helped), network)
	for family, destination in (('-4', lab.SECONDARY), ('-6', lab.FIRST6), ('-D', lab.SECONDARY), ('-6', lab.LINK_LOCAL)):
		compare(f'answer to another port {family}, {destination.title}', (destination,),
			lambda helped: next_port(network, family, destination, helped), network)
	for mode, family, destination in (('recvfrom/unscoped', '-6', lab.LINK_LOCAL), ('recvfrom/unscoped', '-D', lab.LINK_LOCAL),
			('recvfrom/as-ipv4', '-D', lab.SECONDARY), ('recvfrom/as-ipv4', '-D', lab.LOOPBACK)):
		compare(f'{mode} {family}, {destination.title}', (destination,),
			lambda helped: other_form(network, mode, family, destination, helped), network, may_be_silent=True)


lab.main(test)
