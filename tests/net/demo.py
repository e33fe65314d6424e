# SPDX-License-Identifier: MIT
"""The main job on one screen: nc, and a static server, asked at addresses of a host, without and with replyfrom, side by side."""
import os
import shutil
import sys
from typing import NamedTuple, Optional

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import namespaces

sys.path.append(f'{os.path.dirname(os.path.dirname(os.path.abspath(__file__)))}/bpf')
import engine  # noqa: E402

UNAVAILABLE = 77
NC = shutil.which('nc.openbsd') or 'nc'
PORT = str(lab.PORT)
ASKED = (
	('a secondary address', lab.SECONDARY, (NC, '-u', '-l', PORT)),
	('an address on lo', lab.ON_LO, (NC, '-u', '-l', PORT)),
	('IPv6', lab.FIRST6, (NC, '-6', '-u', '-l', PORT)),
)
RED, GREEN, PLAIN = (('\033[31m', '\033[32m', '\033[0m')
	if sys.stdout.isatty() and 'NO_COLOR' not in os.environ else ('', '', ''))


class Seen(NamedTuple):
	"""What one conversation showed."""
	first_source: Optional[str]
	second_arrived: bool
	second_source: Optional[str]

	def holds(self, destination):
		return self == (destination.address, True, destination.address)


def converse(network, destination, argv, helped):
	"""The client sends `ping 1`; nc shows it and is told to answer `pong 1`; and the same with 2."""
	with network.start(argv, helped) as program, network.client(destination) as client:
		client.send(b'ping 1\n')
		if not program.shows(b'ping 1\n', lab.DEADLINE):
			return Seen(None, False, None)
		program.type(b'pong 1\n')
		first = client.receive()
		client.send(b'ping 2\n')
		if not program.shows(b'ping 2\n', lab.DEADLINE if helped else lab.LOSS):
			return Seen(first and first[1], False, None)
		program.type(b'pong 2\n')
		second = client.receive()
		return Seen(first and first[1], True, second and second[1])


def echo(network, destination, argv, helped):
	"""The same with a program that answers by itself, with what it was sent."""
	with network.start(argv, helped), network.client(destination) as client:
		first = client.ask(b'ping 1\n')
		second = client.ask(b'ping 2\n')
		return Seen(first, second is not None, second)


def build_static(workshop):
	"""The path of the static server, and why it can't be helped here."""
	if os.geteuid():
		return None, 'that takes the engine in cgroup BPF, which needs root'
	if not os.path.exists(engine.ENGINE):
		return None, 'replyfrom was built without the engine in cgroup BPF; configure says what that needs'
	check = engine.engine('check', 'run')
	if check.returncode:
		return None, check.stderr.strip().removeprefix('replyfrom: ')
	return workshop.compile('static-echo', [f'{engine.TESTS}/net/static_echo.c'], '-static')


def cell(text, right, width=28):
	"""A value and its verdict, padded before it is coloured."""
	return (GREEN if right else RED) + text.ljust(width) + PLAIN


def source_cell(source, destination):
	if source is None:
		return cell('-', False)
	right = source == destination.address
	return cell(f'{source:<18}{"right" if right else "WRONG"}', right)


def show(title, destination, argv, seen, answer='"pong {}" comes from'):
	"""One table: a column for each of the conversations."""
	command = ' '.join(('nc' if argv[0] == NC else f'./{os.path.basename(argv[0])}', *argv[1:]))
	print(f'Requests from {destination.peer} to {destination.address}, {title}:')
	rows = (
		('', [f'{command:<28}', f'replyfrom {command}']),
		('client sends "ping 1" to', [f'{destination.address:<28}'] * 2),
		(answer.format(1), [source_cell(each.first_source, destination) for each in seen]),
		('client\'s "ping 2"', [cell('arrives' if each.second_arrived else 'is lost', each.second_arrived) for each in seen]),
		(answer.format(2), [source_cell(each.second_source, destination) for each in seen]),
	)
	for name, cells in rows:
		print(f'  {name:<26}{"  ".join(cells)}'.rstrip())
	print()


def main():
	workshop = engine.Workshop()
	static, reason = build_static(workshop)
	try:
		network = lab.Lab()
	except namespaces.Unavailable as reason:
		print(f'demo: {reason}', file=sys.stderr)
		return UNAVAILABLE
	print('\nA server with the addresses 192.0.2.1, .2, .3, 198.51.100.53, 2001:db8::1, ::2 and more runs nc;\n'
		'a client sends to it over a private network. The reply should come from the address to which the client sent.\n')
	claims = []
	for title, destination, argv in ASKED:
		if not network.has(destination):
			continue
		plain, helped = seen = [converse(network, destination, argv, each) for each in (False, True)]
		show(title, destination, argv, seen)
		claims.append((not plain.holds(destination), helped.holds(destination)))
	title, destination = ASKED[0][:2]
	if static:
		print('A static program does not load a preloaded library, so replyfrom uses the engine in cgroup BPF:')
		argv = (static, PORT)
		plain, helped = seen = [echo(network, destination, argv, each) for each in (False, True)]
		engine.clean()
		show(title, destination, argv, seen, '"ping {}" comes back from')
		claims.append((not plain.holds(destination), helped.holds(destination)))
	else:
		print(f'A static program is left out: {reason}\n')
	without = sum(wrong for wrong, _ in claims)
	right = sum(each for _, each in claims)
	print(f'Without replyfrom: {without} of {len(claims)} wrong. With replyfrom: {right} of {len(claims)} right.')
	return 0 if without == right == len(claims) else 1


sys.exit(main())
