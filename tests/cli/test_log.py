# SPDX-License-Identifier: MIT
"""What the library writes to standard error: it kills nobody, makes nobody wait, and lands in no file or socket of the program's."""
import contextlib
import os
import pty
import shlex
import socket
import sys
import tempfile

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import tap
from program import BUILD_DIRECTORY, RUNNER, NotReady

LOGGED = f'{BUILD_DIRECTORY}/tests/cli/logged'
TALKATIVE = {'REPLYFROM_LOG': 'debug', 'REPLYFROM_STATS': '1'}
UNTOUCHED = 'SIGPIPE blocked 0, pending 0; SIGXFSZ blocked 0, pending 0; SIGTTOU blocked 0'
WAITING = 'SIGPIPE blocked 1, pending 1; SIGXFSZ blocked 0, pending 0; SIGTTOU blocked 0'
COUNT = 3


def serve(network, how, *arguments, before=lambda: None, **options):
	"""Have the program answer COUNT requests. Returns the sources of the answers, and what it printed until it ended."""
	options = {'stdin': None, **options}
	try:
		with network.start((LOGGED, str(lab.PORT), str(COUNT), how, *arguments), True, **TALKATIVE, **options) as server, \
				network.client(lab.SECONDARY) as client:
			before()
			sources = [client.ask(b'request') for _ in range(COUNT)]
			server.shows(b'ends\n', lab.DEADLINE)
			return sources, server.shown()
	except NotReady as reason:
		return [], str(reason)


def check_served(title, served, lines=UNTOUCHED):
	wanted = [lab.SECONDARY.address] * COUNT, '\n'.join([lines] * COUNT + ['ends'])
	tap.check(served == wanted, title, f'is    {served}', f'right {wanted}')


def full_pipe():
	"""The two ends of a pipe that has no room."""
	reader, writer = os.pipe()
	os.set_blocking(writer, False)
	with contextlib.suppress(BlockingIOError):
		while True:
			os.write(writer, b'.' * 65536)
	os.set_blocking(writer, True)
	return reader, writer


def test_pipes(network):
	for how, lines in (('plain', UNTOUCHED), ('waiting', WAITING), ('child', UNTOUCHED)):
		reader, writer = os.pipe()
		check_served(f'nobody reads the pipe, {how}', serve(network, how, stderr=writer, before=lambda: os.close(reader)), lines)
		os.close(writer)
	reader, writer = full_pipe()
	check_served('the pipe is full', serve(network, 'plain', stderr=writer))
	os.close(reader)
	os.close(writer)


def drain(reader):
	os.set_blocking(reader, False)
	with contextlib.suppress(BlockingIOError):
		while os.read(reader, 65536):
			pass


def test_dropped(network):
	"""The pipe has room again before the last request."""
	reader, writer = full_pipe()
	with network.start((LOGGED, str(lab.PORT), '2', 'plain'), True, stdin=None, stderr=writer, **TALKATIVE) as server, \
			network.client(lab.SECONDARY) as client:
		client.ask(b'request')
		drain(reader)
		client.ask(b'request')
		server.shows(b'ends\n', lab.DEADLINE)
		lines = os.read(reader, 65536).decode().splitlines()
	counted = [line for line in lines[:1] if line.startswith('replyfrom: ') and line.endswith(' log lines dropped')]
	tap.check(counted and any(lab.SECONDARY.address in line for line in lines), 'lines that were dropped are counted', *lines)
	os.close(reader)
	os.close(writer)


def test_files(network):
	with tempfile.TemporaryDirectory() as folder:
		for how in ('data', 'exec-data'):
			path = f'{folder}/{how}'
			with open(path, 'w') as file:
				file.write('data of the program\n')
			check_served(f'number 2 is a file of the program\'s, {how}', serve(network, how, path))
			with open(path) as file:
				text = file.read()
			tap.check(text == 'data of the program\n', f'nothing is written to it, {how}', text)
		for title, flags in (('truncated', os.O_TRUNC), ('appended to', os.O_APPEND)):
			path = f'{folder}/log'
			log = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o600)
			check_served(f'a file that is {title}', serve(network, 'plain', stderr=log))
			os.close(log)
			with open(path) as file:
				text = file.read()
			tap.check(lab.SECONDARY.address in text and 'datagrams recorded' in text, f'a file that is {title} gets all lines', text)
		log = os.open(f'{folder}/limited', os.O_WRONLY | os.O_CREAT, 0o600)
		check_served('the file may not grow', serve(network, 'limit', stderr=log))
		os.close(log)


def received(end):
	end.setblocking(False)
	try:
		return end.recv(65536).decode()
	except BlockingIOError:
		return ''


def test_sockets(network):
	def pair(kind):
		return socket.socketpair(socket.AF_UNIX, kind)

	ours, theirs = pair(socket.SOCK_STREAM)
	check_served('a UNIX stream socket, as from journald', serve(network, 'plain', stderr=theirs))
	tap.check(lab.SECONDARY.address in received(ours), 'a UNIX stream socket gets the lines')
	ours, theirs = pair(socket.SOCK_STREAM)
	check_served('a connection, which is standard input too', serve(network, 'plain', stdin=theirs, stderr=theirs))
	text = received(ours)
	tap.check(not text, 'a connection gets nothing', text)
	ours, theirs = pair(socket.SOCK_DGRAM)
	check_served('a UNIX datagram socket', serve(network, 'plain', stderr=theirs))
	text = received(ours)
	tap.check(not text, 'a UNIX datagram socket gets nothing', text)
	ours, theirs = pair(socket.SOCK_STREAM)
	check_served('nobody reads the UNIX socket', serve(network, 'plain', stderr=theirs, before=ours.close))


def test_terminal(network):
	"""In the background of a terminal that stops all who write to it."""
	command = shlex.join((*RUNNER, LOGGED, str(lab.PORT), str(COUNT), 'plain'))
	pid, terminal = pty.fork()
	if not pid:
		os.environ.update(TALKATIVE)
		os.execvp('sh', ('sh', '-c', f'set -m; stty tostop; {command} >/dev/null & wait'))
	try:
		with network.client(lab.SECONDARY) as client:
			sources = []
			for _ in range(100):
				if client.ask(b'knock', patience=0.1):
					break
			sources = [client.ask(b'request') for _ in range(COUNT - 1)]
		tap.check(sources == [lab.SECONDARY.address] * (COUNT - 1), 'a terminal that stops who writes in the background', sources)
	finally:
		os.close(terminal)
		os.waitpid(pid, 0)


def test(network):
	test_pipes(network)
	test_dropped(network)
	test_files(network)
	test_sockets(network)
	test_terminal(network)


lab.main(test)
