# SPDX-License-Identifier: MIT
"""IP_MULTICAST_IF is as the program left it, whatever connect() did with it meanwhile."""
import os
import socket
import struct
import sys
from typing import NamedTuple

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, f'{sys.path[0]}/../../lib')

import lab
import namespaces
import tap
from program import NotReady

SENDER = f'{FOLDER}/group_sender.py'
GROUP = ('239.1.2.3', 7999)
OTHERS = ('other0', 'other1')
MOVING = '203.0.113.7'      # an address of the server's that goes away, or to another interface


def listen(device):
	"""A socket that receives what this host sends to the group on that interface."""
	listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	listener.bind(GROUP)
	index = socket.if_nametoindex(device)
	listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
		socket.inet_aton(GROUP[0]) + socket.inet_aton('0.0.0.0') + struct.pack('i', index))
	IP_MULTICAST_ALL = 49
	listener.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
	listener.setblocking(False)
	return listener


def devices_that_heard(listeners):
	heard = []
	for device, listener in listeners.items():
		try:
			listener.recv(99)
			heard.append(device)
		except BlockingIOError:
			pass
	return heard


class Case(NamedTuple):
	"""What the program does, and what happens to interfaces and addresses before it connects."""
	title: str
	steps: tuple
	before: tuple = ()


def prepare(route):
	"""The interfaces as they are at the start of each case."""
	for device in OTHERS:
		namespaces.ip(f'link set {device} up', f'addr flush dev {device}')
	namespaces.ip(f'addr add {MOVING}/32 dev {OTHERS[0]}', *route)


def run(network, case, route, helped):
	"""(source of the answer, what the program says, interfaces on which the group heard it)."""
	prepare(route)
	steps = [step for step in case.steps if helped or step != 'answer again']
	listeners = {device: listen(device) for device in (*OTHERS, lab.INTERFACE, 'lo')}
	try:
		with network.start((sys.executable, SENDER, str(lab.PORT), *steps), helped) as server, \
				network.client(lab.SECONDARY) as client:
			if 'wait' in steps:
				namespaces.ip(*case.before)
				server.type(b'\n')
			source = client.ask(b'request')
			if 'answer again' in steps and client.ask(b'again') != source:
				source = 'nowhere, the second time'
			server.shows(b'.\n', lab.DEADLINE)
			return source, server.shown(), devices_that_heard(listeners)
	except NotReady as reason:
		return str(reason), '', []
	finally:
		for listener in listeners.values():
			listener.close()


END = ('answer', 'send')
# The socket keeps the local address, so the peer's next request to it arrives.
KEPT = ('answer', 'answer again', 'send')
CASES = (
	Case('never set', ('bind', *KEPT)),
	Case('set by index', (f'index={OTHERS[0]}', 'bind', *END)),
	Case('set by index after bind()', ('bind', f'index={OTHERS[0]}', *END)),
	Case('set to the loopback interface', ('index=lo', 'bind', *END)),
	Case('set by index and taken back', (f'index={OTHERS[0]}', 'clear=ip_mreqn', 'bind', *KEPT)),
	Case('set by index and taken back as an address', (f'index={OTHERS[0]}', 'clear=in_addr', 'bind', *KEPT)),
	Case('set by index and taken back as an ip_mreq', (f'index={OTHERS[0]}', 'bind', 'clear=ip_mreq', *KEPT)),
	Case('set by index, then exec', (f'index={OTHERS[0]}', 'bind', 'exec', *END)),
	Case('set by index and taken back, then exec', (f'index={OTHERS[0]}', 'clear=in_addr', 'bind', 'exec', *KEPT)),
	Case('set by index in a child', ('bind', f'child:index={OTHERS[0]}', *END)),
	Case('set by index and taken back in a child', (f'index={OTHERS[0]}', 'bind', 'child:clear=in_addr', *END)),
	Case('set by address', (f'address={MOVING}', 'bind', *END)),
	Case('set by address and index', (f'both=192.0.2.3@{OTHERS[0]}', 'bind', *END)),
	Case('set by an address that is gone', (f'address={MOVING}', 'bind', 'wait', *END),
		(f'addr del {MOVING}/32 dev {OTHERS[0]}',)),
	Case('set by an address that moved', (f'address={MOVING}', 'bind', 'wait', *END),
		(f'addr del {MOVING}/32 dev {OTHERS[0]}', f'addr add {MOVING}/32 dev {OTHERS[1]}')),
	Case('the interface went down', (f'index={OTHERS[0]}', 'bind', 'exec', 'wait', *END),
		(f'link set {OTHERS[0]} down',)),
	Case('bound to a device', (f'device={lab.INTERFACE}', 'bind', *KEPT)),
	Case('set by index, bound to a device', (f'index={lab.INTERFACE}', f'device={lab.INTERFACE}', 'bind', *END)),
)


def test(network):
	namespaces.ip(*(f'link add {device} type veth peer name peer-{device}' for device in OTHERS),
		*(f'link set peer-{device} up' for device in OTHERS))
	for route in ((), (f'route replace 224.0.0.0/4 dev {OTHERS[1]}',)):
		for case in CASES:
			plain, helped = (run(network, case, route, helped) for helped in (False, True))
			right = helped[0] == lab.SECONDARY.address and plain[0] == lab.PRIMARY.address
			tap.check(right and helped[1:] == plain[1:], f'{case.title}{", with a route for groups" if route else ""}',
				f'plain:     {plain}', f'replyfrom: {helped}')


lab.main(test)
