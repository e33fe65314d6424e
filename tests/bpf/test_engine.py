# SPDX-License-Identifier: MIT
"""The engine itself: who spoke first, addresses that come and go, its processes, its cgroup, its refusals."""
import contextlib
import ctypes
import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import engine
import lab
import namespaces
import program
import tap
from patterns import argv

PRIMARY, SECONDARY, ON_LO, FIRST6, NEWEST6 = lab.PRIMARY, lab.SECONDARY, lab.ON_LO, lab.FIRST6, lab.NEWEST6
ECHO = argv('recvfrom/sendto', '-4')
ECHO6 = argv('recvfrom/sendto', '-6')
TALK = f'{engine.TESTS}/bpf/talk.py'
STRANGER = 9999


def start(network, command, *options, port=lab.PORT, settings=()):
	"""A program under the engine, with options for that."""
	started = program.Program((engine.ENGINE, 'run', *options, '--', *command), False, settings)
	if port:
		started.await_bound(port, lab.DEADLINE)
	return started


def answers(network, destinations, payload=b'hello'):
	sources = []
	for destination in destinations:
		with network.client(destination) as client:
			sources.append(client.ask(payload))
	return sources


def addresses(destinations):
	return [destination.address for destination in destinations]


# --- Who spoke first ---

def tell(server, address, text, port=STRANGER):
	server.type(f'{address} {port} {text}\n'.encode())


def source_of_next(client):
	received = client.receive()
	return received and received[1]


@contextlib.contextmanager
def route_from(peer, source):
	"""The kernel's choice of source for that peer."""
	length = 128 if ':' in peer else 32
	namespaces.ip(f'route replace {peer}/{length} dev {lab.INTERFACE} src {source}')
	try:
		yield
	finally:
		namespaces.ip(f'route del {peer}/{length} dev {lab.INTERFACE} src {source}')


def own_conversation(network, family, port, helped, asked, primary, moved):
	"""The program speaks first; its peer answers; the route's source moves; and then the peer asks elsewhere."""
	command = (engine.PYTHON, TALK, family, port)
	server = start(network, command, port=None) if helped else program.Program(command, False)
	with server, network.client(asked, STRANGER) as peer:
		server.shows(b'ready', lab.DEADLINE)
		tell(server, asked.peer, 'one')
		received = peer.receive()
		sources = [received and received[1]]
		for number in range(3):
			peer.send(b'answer', sources[0] or primary, received[2] if received else lab.PORT)
		if port != '-':
			server.await_state(program.has_read_all, lab.PORT, lab.DEADLINE)
		with route_from(asked.peer, moved):
			tell(server, asked.peer, 'two')
			sources.append(source_of_next(peer))
			peer.send(b'answer', sources[0] or primary, received[2] if received else lab.PORT)
			peer.send(b'answer', sources[1] or primary, received[2] if received else lab.PORT)
			tell(server, asked.peer, 'three')
			sources.append(source_of_next(peer))
		tell(server, asked.peer, 'four')
		sources.append(source_of_next(peer))
		if port != '-':
			peer.send(b'ask', asked.address)
			sources.append(source_of_next(peer))
			tell(server, asked.peer, 'five')
			sources.append(source_of_next(peer))
	return sources


def test_first_word(network):
	for family, port, asked, primary, moved in (
			('4', str(lab.PORT), SECONDARY, '192.0.2.1', '192.0.2.3'),
			('4', '-', SECONDARY, '192.0.2.1', '192.0.2.3'),
			('6', str(lab.PORT), FIRST6, '2001:db8::2', '2001:db8:53::53'),
			('6', '-', FIRST6, '2001:db8::2', '2001:db8:53::53')):
		kind = 'client' if port == '-' else 'server'
		if not network.has(asked):
			tap.unavailable(f'IPv{family} {kind} speaks first', 'no IPv6 on this machine')
			continue
		kernels = [primary, moved, moved, primary]
		wanted = kernels + ([asked.address] * 2 if kind == 'server' else [])
		plain = own_conversation(network, family, port, False, asked, primary, moved)
		helped = own_conversation(network, family, port, True, asked, primary, moved)
		tap.check(plain[:4] == kernels and helped == wanted, f'IPv{family} {kind} speaks first: the route decides, until '
			'the peer asks elsewhere', f'plain {plain}', f'helped {helped}', f'wanted {wanted}')


def test_unanswered(network):
	"""The first word gets no answer; then the peer asks at a secondary address."""
	with start(network, (engine.PYTHON, TALK, '4', str(lab.PORT))) as server:
		for round in range(3):
			with network.client(SECONDARY, STRANGER + round) as peer:
				tell(server, SECONDARY.peer, 'notify', STRANGER + round)
				first = source_of_next(peer)
				# The first conversation of all: the keeper finds out meanwhile what the kernel chooses.
				time.sleep(0.1 if round == 0 else 0)
				asked = peer.ask(b'ask')
				tap.check((first, asked) == ('192.0.2.1', SECONDARY.address),
					f'a peer that was notified and then asks is answered from there, {round}', f'{first}, {asked}')


def test_other_port(network):
	"""A request from one port, an answer to another (SIP without rport)."""
	with start(network, argv('recvfrom/next-port', '-4')), network.client(SECONDARY, 7000) as asks, \
			network.client(SECONDARY, 7001) as hears:
		sources = []
		for number in range(2):
			asks.send(b'request')
			sources.append(source_of_next(hears))
		tap.check(sources == [SECONDARY.address] * 2, 'an answer to another port of the host', sources)


# --- Datagrams ---

def exchange(network, destination, payload, options=(), protocol=0):
	"""From where the answer comes, and how long it is in all."""
	with namespaces.inside(network.client_namespace), socket.socket(destination.family, socket.SOCK_DGRAM, protocol) as client:
		client.settimeout(lab.DEADLINE)
		for level, option, value in options:
			client.setsockopt(level, option, value)
		client.sendto(payload, (destination.address, lab.PORT))
		sources, length = set(), 0
		while length < len(payload):
			answer, peer = client.recvfrom(65536)
			sources.add(peer[0])
			length += len(answer)
		return sources


def has_protocol(number):
	"""Does the kernel have that protocol of datagrams? 0 is UDP. Newer kernels have no UDP-Lite."""
	try:
		socket.socket(socket.AF_INET, socket.SOCK_DGRAM, number).close()
	except OSError as error:
		if error.errno != errno.EPROTONOSUPPORT:
			raise
		return False
	return True


def test_datagrams(network):
	"""Kinds of datagrams: the address is in the header of each, wherever the UDP header is."""
	padding = b'\0\0\1\4\0\0\0\0'     # an extension header with an option that pads
	for title, destination, server, payload, options, protocol in (
			('fragments', SECONDARY, (), b'x' * 30000, (), 0),
			('fragments, IPv6', FIRST6, (), b'x' * 30000, (), 0),
			('IP options', SECONDARY, (), b'x', [(socket.IPPROTO_IP, socket.IP_OPTIONS, b'\1' * 8)], 0),
			('destination options', FIRST6, (), b'x', [(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, padding)], 0),
			('hop-by-hop and destination options, fragments', FIRST6, (), b'x' * 30000,
				[(socket.IPPROTO_IPV6, socket.IPV6_HOPOPTS, padding), (socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, padding)], 0),
			('UDP-Lite', SECONDARY, ('lite',), b'x', (), 136),
			('UDP-Lite, IPv6', FIRST6, ('lite',), b'x', (), 136),
			('an answer in segments', SECONDARY, ('gso',), b'x' * 1500, (), 0),
			('an answer in segments, IPv6', FIRST6, ('gso',), b'x' * 1500, (), 0),
			('requests put together', SECONDARY, ('gro',), b'x' * 1000, [(socket.IPPROTO_UDP, 103, 500)], 0)):
		if not has_protocol(protocol):
			tap.unsupported(title, f'this kernel does not have protocol {protocol}')
			continue
		with start(network, (engine.PYTHON, TALK, '6' if ':' in destination.address else '4', str(lab.PORT), *server),
				port=None) as program_:
			program_.shows(b'ready', lab.DEADLINE)
			try:
				sources = exchange(network, destination, payload, options, protocol)
			except OSError as error:
				sources = error
			tap.check(sources == {destination.address}, title, sources, program_.errors())


def test_multicast_interface(network):
	"""connect() sets IP_MULTICAST_IF for a moment. An interface that the program set before is not shown, and has to stay."""
	sender = f'{engine.TESTS}/transparency/effects/group_sender.py'
	namespaces.ip('link add other type veth peer name peer-other', 'link set peer-other up', 'link set other up', 'addr add 203.0.113.7/32 dev other')
	try:
		for set_by in ('index=other', 'address=203.0.113.7'):
			shown = []
			for helped in (False, True):
				command = (engine.PYTHON, sender, str(lab.PORT), set_by, 'bind', 'answer', 'send')
				server = start(network, command) if helped else network.start(command, False)
				with server:
					answers(network, (SECONDARY,))
					server.shows(b'.\n', lab.DEADLINE)
					shown.append(server.shown())
			tap.check(shown[0].startswith('sent') and shown[1] == shown[0], f'IP_MULTICAST_IF stays as it is, {set_by}', shown)
	finally:
		namespaces.ip('link del other')


def can_open_threads():
	"""Does pidfd_open(2) know PIDFD_THREAD, which is O_EXCL?"""
	try:
		os.close(os.pidfd_open(os.getpid(), os.O_EXCL))
	except OSError:
		return False
	return True


def test_descriptor_tables(network):
	"""The socket that the supervisor connects is that of the thread, not of the process's first thread."""
	with start(network, (engine.PYTHON, f'{engine.TESTS}/bpf/unshared.py', str(lab.PORT), str(STRANGER))) as server:
		source, = answers(network, (SECONDARY,))
		server.shows(b'connected', lab.DEADLINE)
		# Before Linux 6.9 only first threads have descriptors that others can copy: the kernel chooses then.
		wanted = SECONDARY.address if can_open_threads() else PRIMARY.address
		tap.check(source == wanted and server.shown().startswith('not connected'),
			'a thread with descriptors of its own connects its own socket', source, server.shown())


# --- Attaching ---

@contextlib.contextmanager
def running(network, command, port=lab.PORT, parent=None):
	"""A program in a cgroup of its own, plain."""
	with engine.cgroup(parent) as folder:
		with program.Program(engine.inside(folder, *command), False) as server:
			server.await_bound(port, lab.DEADLINE)
			yield folder, server


def test_attach(network):
	"""To a server in the middle of its work: no answer is lost, all are right from then on, and plain again at the end."""
	sources, stop = [], threading.Event()

	def ask():
		with network.client(SECONDARY) as client:
			while not stop.is_set():
				sources.append(client.ask(b'%d' % len(sources)))

	def more(number):
		enough = len(sources) + number
		return engine.wait_until(lambda: len(sources) >= enough)

	with running(network, argv('recvfrom/sendto', '-4')) as (folder, server):
		asking = threading.Thread(target=ask)
		asking.start()
		more(20)
		with engine.Attached(folder) as attached:
			ready = attached.is_ready()
			more(3)
			beginning = len(sources)
			more(50)
			end = len(sources)
			state = json.loads(engine.engine('status', '--json').stdout)
			detached = engine.engine('detach', folder)
			status = attached.wait()
		more(20)
		plain = len(sources)
		more(10)
		stop.set()
		asking.join()
	right = sources[beginning:end]
	tap.check(ready and set(sources[:10]) == {'192.0.2.1'} and set(right) == {SECONDARY.address},
		'attached in the middle of requests: right from then on', attached.first_line, set(sources[:10]), set(right))
	tap.check(None not in sources, 'attached in the middle of requests: no answer is lost')
	ours, = [each for each in state['engines'] if each['cgroup'] == folder] or [None]
	tap.check(ours and ours['mode'] == 'attach' and ours['counters']['sourced'] >= 50 and ours['keeper'] == attached.pid,
		'status lists the attachment', state)
	tap.check(detached.returncode == 0 and status == 0 and set(sources[plain:]) == {'192.0.2.1'},
		'detach ends the engine, and the server is plain', detached.stderr, status, set(sources[plain:]))


def test_passed(network):
	"""A socket that was made in another cgroup and handed over, at the start and to a server that runs: that cgroup's other
	sockets stay plain."""
	for helped, destination in (('run', SECONDARY), ('run', FIRST6), ('attach', SECONDARY)):
		with engine.cgroup() as folder, socket.socket(destination.family, socket.SOCK_DGRAM) as listener:
			listener.bind(('', lab.PORT))
			command = argv('recvfrom/sendto', '-i')
			command = (engine.ENGINE, 'run', '--', *command) if helped == 'run' else engine.inside(folder, *command)
			with program.Program(command, False, stdin=listener.fileno()) as server, contextlib.ExitStack() as stack:
				name = 'server\n'
				engine.wait_until(lambda: open(f'/proc/{server.pid}/comm').read() == name)
				if helped == 'attach':
					stack.enter_context(engine.Attached(folder))
				source, = answers(network, (destination,))
				tap.check(source == destination.address, f'{helped}: a socket that another cgroup made, {destination.title}', source)
				with socket.socket(destination.family, socket.SOCK_DGRAM) as ours, network.client(destination) as client:
					ours.bind(('', STRANGER))
					ours.settimeout(lab.DEADLINE)
					client.send(b'hello', port=STRANGER)
					payload, peer = ours.recvfrom(100)
					ours.sendto(payload, peer)
					source = source_of_next(client)
				tap.check(source not in (None, destination.address), f'{helped}: other sockets of that cgroup stay plain', source)


def test_targets(network):
	with running(network, ECHO) as (folder, server):
		for target, title in ((server.pid, 'a process'), (folder, 'a path'), (os.path.basename(folder) + '.x', None)):
			if not title:
				refused = engine.engine('attach', target)
				tap.check(refused.returncode == 125 and 'no cgroup of the unit' in refused.stderr, 'no such unit: 125', refused)
				continue
			with engine.Attached(target) as attached:
				tap.check(attached.is_ready() and answers(network, (SECONDARY, ON_LO)) == addresses((SECONDARY, ON_LO)),
					f'attached by {title}', attached.first_line)
	unit = f'test-{os.getpid()}.service'
	folder = os.path.join(engine.own_cgroup(), unit)
	os.mkdir(folder)
	try:
		with program.Program(engine.inside(folder, *ECHO), False) as server:
			server.await_bound(lab.PORT, lab.DEADLINE)
			with engine.Attached(unit) as attached:
				right = answers(network, (SECONDARY,)) == [SECONDARY.address]
				server.stop()
				tap.check(right and attached.wait() == 0, 'attached to a unit, it ends with the last process',
					attached.first_line)
	finally:
		engine.wait_until(lambda: not os.path.exists(folder) or not _rmdir(folder))


def test_unit_names(network):
	"""A container or a user may have a cgroup with the name of a unit of the system. Only slices are above that of the system."""
	mount = engine.own_cgroup()
	while os.path.exists(f'{mount}/../cgroup.procs'):
		mount = os.path.dirname(mount)
	unit, folders = f'unit{os.getpid()}.service', []
	for above in (f'test{os.getpid()}.slice', f'test{os.getpid()}.scope'):
		folders += [f'{mount}/{above}', f'{mount}/{above}/{unit}']
	for folder in folders:
		os.mkdir(folder)
	try:
		with program.Program(engine.inside(folders[1], *ECHO), False) as server:
			server.await_bound(lab.PORT, lab.DEADLINE)
			with engine.Attached(unit) as attached:
				tap.check(attached.is_ready() and folders[1] in attached.first_line,
					'the unit of the system, not one of its name in a container', attached.first_line)
	finally:
		for folder in reversed(folders):
			engine.wait_until(lambda folder=folder: not _rmdir(folder))


def _rmdir(folder):
	try:
		os.rmdir(folder)
	except OSError:
		return True
	return False


def test_nested(network):
	"""An engine on a cgroup and one on its child; and two servers with an engine each."""
	with engine.cgroup() as outer, running(network, ECHO, parent=outer) as (inner, _server):
		with engine.Attached(outer) as first, engine.Attached(inner) as second:
			tap.check(first.is_ready() and second.is_ready() and answers(network, (SECONDARY, ON_LO)) ==
				addresses((SECONDARY, ON_LO)), 'an engine on a cgroup and one on its child')
		with engine.Attached(outer):
			tap.check(answers(network, (SECONDARY, ON_LO)) == addresses((SECONDARY, ON_LO)),
				'an engine on the parent of the server\'s cgroup')
	with start(network, ECHO), start(network, ECHO6, port=None):
		engine.wait_until(lambda: len(list(program._sockets(lab.PORT))) == 2)
		tap.check(answers(network, (SECONDARY, FIRST6)) == addresses((SECONDARY, FIRST6)), 'two engines for two servers')


# --- Addresses ---

def test_removal(network):
	"""An address comes and goes, and the server goes on sending to a peer that asked there: never from it while it is gone."""
	rounds = 20
	for family, destination, moving, prefix in (('6', FIRST6, '2001:db8::77', 128), ('4', SECONDARY, '192.0.2.77', 32)):
		if not network.has(destination):
			tap.unavailable(f'IPv{family}: addresses that come and go', 'no IPv6 on this machine')
			continue
		address = f'{moving}/{prefix} dev {lab.INTERFACE}' + (' nodad' if family == '6' else '')
		right = stale = lost = 0
		with start(network, (engine.PYTHON, TALK, family, str(lab.PORT))) as server, network.client(destination) as peer:
			for _round in range(rounds):
				namespaces.ip(f'addr add {address}')
				right += engine.wait_until(lambda: peer.ask(b'ask', moving, patience=0.5) == moving)
				namespaces.ip(f'addr del {address}')
				time.sleep(0.005)
				tell(server, destination.peer, 'more', peer.socket.getsockname()[1])
				source = source_of_next(peer)
				stale += source == moving
				lost += source is None
		tap.check(right == rounds and not stale and not lost, f'IPv{family}: an address that is gone is no source',
			f'right {right}, stale {stale}, lost {lost}')


def test_overflow(network):
	"""More events than the keeper can be told of: nothing is attached until it has read all anew."""
	with start(network, ECHO) as server:
		keeper = keeper_of(server)
		os.kill(keeper, signal.SIGSTOP)
		commands = []
		for number in range(4000):
			commands.append(f'addr add 10.{number >> 8 & 255}.{number & 255}.1/32 dev lo')
		namespaces.ip(*commands, f'addr add 192.0.2.88/32 dev {lab.INTERFACE}')
		namespaces.ip(*(command.replace('addr add', 'addr del') for command in commands))
		os.kill(keeper, signal.SIGCONT)
		with network.client(SECONDARY) as client:
			right = engine.wait_until(lambda: client.ask(b'ask', '192.0.2.88', patience=1) == '192.0.2.88')
		namespaces.ip(f'addr del 192.0.2.88/32 dev {lab.INTERFACE}')
		tap.check(right and answers(network, (SECONDARY,)) == [SECONDARY.address], 'events that were lost are read anew')


def test_links(network):
	"""One link-local peer on two links: the hook does not see the link, so nothing is attached."""
	# (the same address on both sides of a second pair of interfaces)
	second = 'eth2'
	namespaces.ip(f'link add {second} type veth peer name {second} netns /proc/self/fd/{network.client_namespace}',
		f'link set {second} addrgenmode none', f'link set {second} up', f'addr add fe80::2/64 dev {second} nodad',
		f'addr add fe80::54/64 dev {second} nodad', descriptors=(network.client_namespace,))
	with network.client_network():
		namespaces.ip(f'link set {second} addrgenmode none', f'link set {second} up', f'addr add fe80::100/64 dev {second} nodad')
	try:
		with start(network, ECHO6), namespaces.inside(network.client_namespace):
			first_link, second_link = (socket.if_nametoindex(name) for name in (lab.INTERFACE, second))
			sources = []
			with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as two:
				for peer, link in ((one, first_link), (two, second_link)):
					peer.settimeout(lab.DEADLINE)
					peer.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
					peer.bind(('fe80::100', STRANGER, 0, link))
				for peer, address, link in ((one, 'fe80::1', first_link), (two, 'fe80::2', second_link), (one, 'fe80::1', first_link)):
					with contextlib.suppress(OSError):
						peer.sendto(b'hello', (address, lab.PORT, 0, link))
						sources.append((link, peer.recvfrom(100)[1][0].partition('%')[0]))
		known = {first_link: {'fe80::1', 'fe80::53'}, second_link: {'fe80::2', 'fe80::54'}}
		tap.check(len(sources) == 3 and all(source in known[link] for link, source in sources),
			'a link-local peer on two links is answered from an address of its link', sources)
	finally:
		namespaces.ip(f'link del {second}')


def test_vrf(network):
	try:
		namespaces.ip('link add red type vrf table 77')
	except namespaces.Unavailable as reason:
		tap.unsupported('a server in a VRF', str(reason))
		return
	namespaces.ip('link set red up', f'link set {lab.INTERFACE} master red')
	try:
		with start(network, argv('recvfrom/sendto', '-4', '-b', 'red')):
			sources = answers(network, (SECONDARY,))
			tap.check(sources == [SECONDARY.address], 'a server in a VRF', sources)
	finally:
		namespaces.ip(f'link set {lab.INTERFACE} nomaster')


def test_two_namespaces(network):
	"""One engine, two namespaces with the same addresses and the same peer, which asks at another address in each."""
	with engine.cgroup() as folder, contextlib.ExitStack() as stack:
		places = []
		here = namespaces.handle()
		stack.callback(os.close, here)
		for _number in range(2):
			namespaces.leave_network()
			place = namespaces.handle()
			stack.callback(os.close, place)
			namespaces.ip('link set lo up', 'addr add 192.0.2.1/32 dev lo', 'addr add 192.0.2.2/32 dev lo')
			server = stack.enter_context(program.Program(engine.inside(folder, *ECHO), False))
			server.await_bound(lab.PORT, lab.DEADLINE)
			places.append(place)
		namespaces._call(namespaces._libc.setns, here, namespaces.CLONE_NEWNET)
		with engine.Attached(folder) as attached:
			sources = []
			peers = []
			for place, address in zip(places, ('192.0.2.1', '192.0.2.2')):
				with namespaces.inside(place):
					peer = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
				peer.settimeout(lab.DEADLINE)
				peer.bind(('127.0.0.1', STRANGER))
				peers.append(peer)
				peer.sendto(b'hello', (address, lab.PORT))
			for peer in peers:
				sources.append(peer.recvfrom(100)[1][0])
			state = json.loads(engine.engine('status', '--json').stdout)['engines']
			tap.check(attached.is_ready() and sources == ['192.0.2.1', '192.0.2.2'],
				'two namespaces with the same addresses and peers', sources)
			tap.check([each['namespaces'] for each in state if each['cgroup'] == folder] == [3], 'all namespaces are followed', state)
			# A third one, made later.
			namespaces.leave_network()
			place = namespaces.handle()
			stack.callback(os.close, place)
			namespaces.ip('link set lo up', 'addr add 192.0.2.1/32 dev lo', 'addr add 192.0.2.2/32 dev lo')
			with program.Program(engine.inside(folder, *ECHO), False) as server:
				server.await_bound(lab.PORT, lab.DEADLINE)
				with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
					peer.settimeout(lab.DEADLINE)

					def is_right():
						peer.sendto(b'hello', ('192.0.2.2', lab.PORT))
						return peer.recvfrom(100)[1][0] == '192.0.2.2'

					tap.check(engine.wait_until(is_right), 'a namespace that came later is followed too')
			namespaces._call(namespaces._libc.setns, here, namespaces.CLONE_NEWNET)


def test_flood(network):
	"""Other peers ask between a question and its answer: fewer than the table has room for, and more."""
	for number, title, allowed in ((1000, 'as many peers as there is room for', {SECONDARY.address}),
			(20000, 'more peers than there is room for', {SECONDARY.address, '192.0.2.1'})):
		with start(network, argv('late', '-4'), '--peers', '1024') as server, network.client(SECONDARY) as client, \
				network.client(ON_LO) as other:
			read = program.datagrams_read()
			client.send(b'question')
			server.await_read(read + 1, lab.DEADLINE)
			with network.client_network():
				flood(number)
			server.await_state(program.has_read_all, lab.PORT, lab.DEADLINE)
			other.send(b'last')
			source = source_of_next(client)
			tap.check(source in allowed, f'between question and answer {title} ask', source)


def flood(number):
	"""Datagrams from that many peers: ports of loopback-like addresses of the client."""
	namespaces.ip('route replace local 10.9.0.0/16 dev lo')
	with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
		sock.setsockopt(socket.IPPROTO_IP, 15, 1)      # IP_FREEBIND
		for peer in range(number):
			source = bytes((10, 9, peer >> 8 & 255, peer & 255))
			control = [(socket.IPPROTO_IP, program_pktinfo, bytes(4) + source + bytes(4))]
			sock.sendmsg([b'x'], control, 0, ('192.0.2.3', lab.PORT))


program_pktinfo = 8    # IP_PKTINFO, newer than Debian's Python


# --- Processes ---

def children_named(name):
	"""Our children of that name: the keepers come to us when their parents end."""
	found = []
	for pid in program._children():
		with contextlib.suppress(OSError), open(f'/proc/{pid}/comm') as comm:
			if comm.read().strip() == name:
				found.append(pid)
	return found


def keeper_of(server):
	state = json.loads(engine.engine('status', '--json').stdout)['engines']
	mine, = [each['keeper'] for each in state if each['cgroup'].endswith(f'replyfrom-{server.pid}')]
	return mine


def test_process(network):
	"""pid, exit status, signals, streams and children are the program's own."""
	shown = engine.engine('run', '--', 'sh', '-c', 'echo $$ $PPID; cat; echo error >&2; exit 7', input='text')
	tap.check(shown.returncode == 7 and shown.stdout.endswith('text') and shown.stderr == 'error\n' and
		shown.stdout.split()[1] == str(os.getpid()), 'streams and exit status', shown)
	process = subprocess.Popen([engine.ENGINE, 'run', '--', 'sleep', '100'])
	engine.wait_until(lambda: open(f'/proc/{process.pid}/comm').read() == 'sleep\n')
	with open(f'/proc/{process.pid}/task/{process.pid}/children') as children:
		kids = children.read()
	cgroup = [line for line in open(f'/proc/{process.pid}/cgroup') if line.startswith('0::')][0].strip()
	process.send_signal(signal.SIGTERM)
	tap.check(process.wait(lab.DEADLINE) == -signal.SIGTERM and not kids, 'the same process, its signals; no child of ours', kids)
	folder = engine.own_cgroup() + '/' + os.path.basename(cgroup)
	tap.check(engine.wait_until(lambda: not os.path.exists(folder)), 'its cgroup is removed', folder)
	status = [engine.engine('run', '--', name).returncode for name in ('/nonexistent', '/')]
	tap.check(status == [127, 126], 'commands that cannot be run: 127 and 126', status)
	begin = time.monotonic()
	shown = subprocess.run([engine.ENGINE, 'run', '--', 'sh', '-c', 'sleep 20 >/dev/null 2>&1 & echo started'],
		capture_output=True, text=True)
	took = time.monotonic() - begin
	tap.check(shown.stdout == 'started\n' and took < 10, 'a daemon in the background: the pipe is closed', shown, took)
	shown = engine.engine('run', '--', 'grep', '-E', '^(CapEff|Seccomp|NoNewPrivs|SigBlk|SigIgn|SigCgt):', '/proc/self/status')
	plain = subprocess.run(['grep', '-E', '^(CapEff|Seccomp|NoNewPrivs|SigBlk|SigIgn|SigCgt):', '/proc/self/status'], capture_output=True, text=True)
	tap.check(shown.stdout.replace('Seccomp:\t2', 'Seccomp:\t0') == plain.stdout, 'capabilities and signals as they were', shown, plain)
	shown = subprocess.run(['sh', '-c', 'exec "$0" run -- sh -c "ls /proc/self/fd >$1; echo 5 >>$1" 0<&- 1<&- 2<&-', engine.ENGINE,
		f'/var/tmp/test-{os.getpid()}'], capture_output=True, text=True)
	with open(f'/var/tmp/test-{os.getpid()}') as file:
		listed = file.read().split()
	os.unlink(f'/var/tmp/test-{os.getpid()}')
	tap.check(shown.returncode == 0 and listed == ['0', '1', '5'], 'no standard streams: none are made', shown, listed)
	shown = engine.engine('run', '--', 'ls', '/proc/self/fd')
	tap.check(shown.stdout.split() == ['0', '1', '2', '3'], 'no descriptor of ours', shown)


# Connects all the time, and says so.
CONNECTS = """
import socket
for number in range(10001):
	with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
		sock.connect(('192.0.2.100', 9))
	if number % 1000 == 0:
		print(number, flush=True)
print('done', flush=True)
"""


def test_deaths(network):
	"""The keeper is killed: the server is as plain; its connect() too, which had asked the keeper."""
	with start(network, ECHO) as server, network.client(SECONDARY) as client:
		before = client.ask(b'before')
		os.kill(keeper_of(server), signal.SIGKILL)
		engine.wait_until(lambda: client.ask(b'while') == '192.0.2.1')
		after = client.ask(b'after')
		tap.check((before, after) == (SECONDARY.address, '192.0.2.1'), 'the keeper is killed: as plain', before, after)
	for killed in ('none', 'keeper', 'supervisor'):
		with start(network, argv('connect-recv-send', '-4')) as server, network.client(SECONDARY) as client:
			keeper = keeper_of(server)
			with open(f'/proc/{keeper}/task/{keeper}/children') as children:
				supervisor = int(children.read())
			if killed != 'none':
				os.kill(keeper if killed == 'keeper' else supervisor, signal.SIGKILL)
				time.sleep(0.05)
			source = client.ask(b'hello')
			tap.check(source == (SECONDARY.address if killed == 'none' else '192.0.2.1'), f'killed: {killed}; connect() goes on',
				source, server.errors())
			if killed == 'none':
				state = [each for each in json.loads(engine.engine('status', '--json').stdout)['engines'] if each['keeper'] == keeper]
				tap.check(state[0]['counters']['kept'] == 1, 'status counts connects', state)
	ended = []
	for _round in range(4):
		with start(network, (engine.PYTHON, '-c', CONNECTS), port=None) as server:
			server.shows(b'1000', lab.DEADLINE)
			keeper = keeper_of(server)
			with open(f'/proc/{keeper}/task/{keeper}/children') as children:
				os.kill(int(children.read()), signal.SIGKILL)
			ended.append(server.shows(b'done', lab.DEADLINE))
	tap.check(all(ended), 'the supervisor is killed in the middle of connects', ended)
	with start(network, argv('connect-recv-send', '-4'), '--no-connect') as server, network.client(SECONDARY) as client:
		source = client.ask(b'hello')
		tap.check(source == '192.0.2.1', '--no-connect leaves connect() alone', source)


def status_of(pid):
	"""The lines of /proc/PID/status by their names."""
	with open(f'/proc/{pid}/status') as status:
		return dict(line.rstrip('\n').split(':\t', 1) for line in status if ':\t' in line)


def test_keeper(network):
	"""What the keeper and its process for connect() may, hold, and take."""
	with start(network, ECHO) as server:
		keeper = keeper_of(server)
		state = status_of(keeper)
		with open(f'/proc/{keeper}/task/{keeper}/children') as children:
			supervisor = status_of(int(children.read()))
	effective = int(state['CapEff'], 16)
	# CAP_BPF, NET_ADMIN, SYS_PTRACE, SYS_ADMIN; DAC_OVERRIDE in the root cgroup
	allowed = 1 << 39 | 1 << 12 | 1 << 19 | 1 << 21 | 1 << 1
	tap.check(effective & ~allowed == 0 and state['NoNewPrivs'] == '1', 'the keeper drops capabilities', state['CapEff'])
	# CAP_BPF, SYS_PTRACE, DAC_READ_SEARCH
	allowed = 1 << 39 | 1 << 19 | 1 << 2
	tap.check(int(supervisor['CapEff'], 16) == allowed and supervisor['NoNewPrivs'] == '1',
		'the process for connect() drops more', supervisor['CapEff'])
	resident = int(state['RssAnon'].split()[0])
	tap.check(resident < 2048, 'the keeper is small', state['RssAnon'])


def load_library(name):
	try:
		return ctypes.CDLL(name)
	except OSError:
		return None


ARRAY, PERCPU_ARRAY = 2, 6      # enum bpf_map_type


def record_size(server):
	"""The size of the record that the keeper shows of itself: of its one-element arrays the one with the path of a cgroup."""
	folder = f'/proc/{keeper_of(server)}/fdinfo'
	sizes = []
	for name in os.listdir(folder):
		with open(f'{folder}/{name}') as info:
			fields = dict(line.split(':\t', 1) for line in info if ':\t' in line)
		if int(fields.get('map_type', 0)) == ARRAY and int(fields['max_entries']) == 1 and 512 < int(fields['value_size']) < 1024:
			sizes.append(int(fields['value_size']))
	size, = sizes
	return size


def test_forged(network):
	"""Anybody may be allowed to make maps. One with the name of ours, but of another kind or by another process, is none of
	ours: status does not show it, and detach ends no process for it."""
	libbpf = next((lib for lib in map(load_library, ('libbpf.so.1', 'libbpf.so.0')) if lib), None)
	if not libbpf:
		tap.unavailable('forged maps', 'no libbpf.so is found')
		return
	victim = subprocess.Popen(['sleep', '60'])
	try:
		with engine.cgroup() as folder, start(network, ECHO) as server:
			size = record_size(server)
			for kind, title in ((PERCPU_ARRAY, 'of another kind'), (ARRAY, 'by another process')):
				forged = libbpf.bpf_map_create(kind, b'rf_keeper', 4, size, 1, None)
				record = bytearray(size)
				record[0:4] = victim.pid.to_bytes(4, sys.byteorder)
				record[4:8] = ord('a').to_bytes(4, sys.byteorder)
				record[8:16] = os.stat(folder).st_ino.to_bytes(8, sys.byteorder)
				record[36:40] = (os.stat('/proc/self/ns/pid').st_ino & 0xffffffff).to_bytes(4, sys.byteorder)
				record[-512:] = b'\x1b' * 512
				if kind == ARRAY:
					libbpf.bpf_map_update_elem(forged, bytes(4), bytes(record), 0)
				shown = engine.engine('status')
				tap.check(shown.returncode == 0 and '\x1b' not in shown.stdout and 'keeper 0' not in shown.stdout
					and str(victim.pid) not in shown.stdout, f'status: no map {title}', shown)
				detached = engine.engine('detach', folder)
				tap.check(detached.returncode == 125 and victim.poll() is None, f'detach: no map {title}', detached, victim.poll())
				os.close(forged)
	finally:
		victim.kill()
		victim.wait()


def test_name():
	"""Whoever may make cgroups chooses their names: the report stays JSON, and finds the engine of a process there."""
	with engine.cgroup() as outer:
		folder = os.path.join(os.fsencode(outer), b'"\\\xff\x1b')
		os.mkdir(folder)
		with subprocess.Popen(engine.inside(folder, 'sleep', '60')) as sleeper:
			with open(f'/proc/{sleeper.pid}/comm') as comm:
				engine.wait_until(lambda: not comm.seek(0) and comm.read() == 'sleep\n')
			with engine.Attached(os.fsdecode(folder)) as attached:
				command = (engine.ENGINE, 'status', '--json', str(sleeper.pid))
				shown = subprocess.run(command, capture_output=True).stdout
				sleeper.kill()
				sleeper.wait()
				attached.wait()
		os.rmdir(folder)
	names = [each['cgroup'] for each in json.loads(shown)['engines']]
	tap.check(names == [os.path.join(outer, '"\\??')], 'a hostile name of a cgroup', shown)


def test_settings(network):
	with start(network, ECHO, '--ports', '53,6000-7000'):
		tap.check(answers(network, (SECONDARY,)) == ['192.0.2.1'], '--ports leaves others alone')
	with start(network, ECHO, '--ports=4000-5000', '--peers', '2048'):
		tap.check(answers(network, (SECONDARY,)) == [SECONDARY.address], '--ports helps those in the list')
	for arguments, text in ((('run', '--peers', '7', '--', 'true'), 'REPLYFROM_PEERS=7 is not allowed'),
			(('run', '--ports'), 'needs a value'), (('run', '--nonsense', 'true'), 'unknown option'), (('run',), 'no command'),
			(('run', '--stats=0', '--', 'true'), 'takes no value'), (('attach',), 'is missing'), (('attach', '1', '2'), 'one too many'), (('nonsense',), 'unknown command'),
			(('detach', engine.own_cgroup() or '/'), 'no BPF engine is attached')):
		shown = engine.engine(*arguments)
		tap.check(shown.returncode == 125 and text in shown.stderr and shown.stderr.count('\n') == 1, ' '.join(arguments), shown)


def test_refusals(network):
	nobody = ('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups')
	shown = subprocess.run([*nobody, engine.ENGINE, 'run', '--', 'true'], capture_output=True, text=True)
	tap.check(shown.returncode == 125 and shown.stderr.count('\n') == 1 and 'root' in shown.stderr, 'nobody: 125 and what to do', shown)
	with engine.cgroup() as folder:
		def confined(bounding, *command):
			return subprocess.run([*engine.inside(folder, 'setpriv', f'--bounding-set={bounding}', '--inh-caps=-all'), engine.ENGINE,
				*command], capture_output=True, text=True)

		for missing, bounding in (('CAP_BPF', '-bpf,-sys_admin'), ('CAP_PERFMON', '-perfmon,-sys_admin'), ('CAP_NET_ADMIN', '-net_admin')):
			for command in (('run', '--', 'true'), ('check', 'run')):
				shown = confined(bounding, *command)
				tap.check(shown.returncode == 125 and missing in shown.stderr and shown.stderr.count('\n') == 1,
					f'{command[0]} without {missing}: named', shown)
		for bounding in ('-all,+bpf,+perfmon,+net_admin', '-all,+sys_admin,+net_admin'):
			for command in (('run', '--', 'true'), ('check', 'run')):
				shown = confined(bounding, *command)
				tap.check(shown.returncode == 0 and not shown.stderr, f'{command[0]} with no more than {bounding}', shown)
		for capability in ('dac_read_search', 'sys_ptrace', 'sys_nice'):
			shown = confined(f'-{capability}', 'check', 'run')
			tap.check(shown.returncode == 0 and f'no       CAP_{capability.upper()}: ' in shown.stdout,
				f'check without {capability}: says so', shown)
	shown = subprocess.run(['unshare', '-m', 'sh', '-c', 'umount -a -t cgroup2; exec "$0" run -- true', engine.ENGINE],
		capture_output=True, text=True)
	tap.check(shown.returncode == 125 and 'cgroup v2' in shown.stderr, 'no cgroup v2: named', shown)


EXCLUSIVE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("cgroup/sendmsg4") int one(struct bpf_sock_addr *context) { return 1; }
char _license[] SEC("license") = "GPL";
"""


def test_exclusive():
	"""An ancestor has a program that allows no others below it."""
	title = 'a program above that allows no others: named'
	clang, bpftool = (shutil.which(name, path=f'{os.environ["PATH"]}:/usr/sbin:/sbin') for name in ('clang', 'bpftool'))
	if not clang or not bpftool:
		tap.unavailable(title, 'clang or bpftool is not installed')
		return
	pinned = f'/sys/fs/bpf/test-{os.getpid()}'
	if not os.path.ismount('/sys/fs/bpf'):
		subprocess.run(['mount', '-t', 'bpf', 'bpf', '/sys/fs/bpf'])
	with tempfile.TemporaryDirectory() as work, engine.cgroup() as outer, engine.cgroup(outer) as inner:
		multiarch = subprocess.run(['cc', '-print-multiarch'], capture_output=True, text=True).stdout.strip()
		subprocess.run([clang, '-target', 'bpf', '-O2', '-g', f'-I/usr/include/{multiarch}', '-xc', '-', '-c', '-o',
			f'{work}/one.o'], input=EXCLUSIVE, text=True, check=True)
		loaded = subprocess.run([bpftool, 'prog', 'load', f'{work}/one.o', pinned], capture_output=True, text=True)
		if loaded.returncode:
			tap.unsupported(title, loaded.stderr.strip())
			return
		try:
			for kind in ('sendmsg4', 'cgroup_udp4_sendmsg'):    # older and newer names
				if not subprocess.run([bpftool, 'cgroup', 'attach', outer, kind, 'pinned', pinned], capture_output=True).returncode:
					break
			shown = subprocess.run(engine.inside(inner, engine.ENGINE, 'run', '--', 'true'), capture_output=True, text=True)
			tap.check(shown.returncode == 125 and outer in shown.stderr and 'BPF_F_ALLOW_MULTI' in shown.stderr, title, shown)
		finally:
			os.unlink(pinned)
			for name in os.listdir(inner):
				if name.startswith('replyfrom-'):
					os.rmdir(f'{inner}/{name}')


def test(network):
	test_first_word(network)
	test_unanswered(network)
	test_other_port(network)
	test_datagrams(network)
	test_multicast_interface(network)
	test_descriptor_tables(network)
	test_attach(network)
	test_passed(network)
	test_targets(network)
	test_unit_names(network)
	test_nested(network)
	test_removal(network)
	test_overflow(network)
	test_links(network)
	test_two_namespaces(network)
	test_flood(network)
	test_process(network)
	test_deaths(network)
	test_keeper(network)
	test_forged(network)
	test_name()
	test_settings(network)
	test_refusals(network)
	test_exclusive()
	test_vrf(network)


engine.require()
lab.main(test)
