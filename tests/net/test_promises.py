# SPDX-License-Identifier: MIT
"""What docs/security.md says of the library from outside: its memory, what it writes, what it can call at all."""
import re
import shutil
import socket
import subprocess
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import tap
from patterns import argv
from program import LIBRARY

# What a library that neither opens nor makes files, named memory, processes or sockets of its own has no use for; the
# one socket, of rtnetlink, is made by libc's socket().
FORBIDDEN = re.compile(r'(f|fd|p|re|d|fre)?open(dir|at|64|at64)?|creat(64)?|shm_\w+|memfd_create|mk\w+|unlink\w*|rename\w*|'
	r'link|symlink|exec\w*|system|posix_spawn\w*|v?fork|getenv|setenv|putenv|bind|listen|accept4?|'
	r'malloc|calloc|realloc|free|\w*printf|puts|fputs|exit|_exit|abort|__assert_fail|syslog|set\w*[ug]id|cap\w*')


def started(network, helped, mode='recvfrom/sendto', **settings):
	if helped:
		settings['LD_PRELOAD'] = LIBRARY
	return network.start(argv(mode, '-D'), False, **settings)


def mappings(program):
	"""(address range, permissions, name) of each of the program's mappings; a heap may grow, by libc."""
	with open(f'/proc/{program.pid}/maps') as lines:
		fields = [line.split(None, 5) for line in lines]
	return [(each[0], each[1], each[5].strip() if len(each) > 5 else '') for each in fields if '[' not in each[-1]]


def test_memory(network):
	named = {}
	for helped in (False, True):
		with started(network, helped, REPLYFROM_PEERS='1024') as program, network.client(lab.SECONDARY) as client:
			client.ask(b'first')
			before = mappings(program)
			# More peers than the memory has room for.
			for port in range(10000, 14000):
				with network.client(lab.SECONDARY, port) as peer:
					peer.send(b'flood')
				if port % 100 == 0:
					client.ask(b'not too many at once')
			answered = client.ask(b'last')
			named[helped] = {name for _, _, name in before if name}
			shared = [each for each in before if 's' in each[1]]
			after = mappings(program)
		if helped:
			tap.check(answered == lab.SECONDARY.address and before == after, '4000 peers map no memory', answered,
				set(before) ^ set(after))
			tap.check([name for _, _, name in shared] == ['/dev/zero (deleted)'],
				'the shared memory is one, and has no name', shared)
		else:
			tap.check(not shared and answered != lab.SECONDARY.address, 'without the library none is shared', shared)
	tap.check(named[True] - named[False] == {LIBRARY, '/dev/zero (deleted)'},
		'nothing else is mapped but the library', named[True] ^ named[False])


def records(network, talk, **settings):
	"""What the program writes to its standard error, a record for each write(2)."""
	ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	with ours:
		with its, started(network, True, stderr=its, **settings):
			talk()
			its.close()
		ours.settimeout(lab.DEADLINE)
		return list(iter(lambda: ours.recv(65536), b''))


def is_log_line(record):
	return re.fullmatch(rb'replyfrom: [\x20-\x7e\x80-\xff]*\n', record) and len(record) <= 512


def test_log(network):
	def talk():
		with network.client(lab.SECONDARY) as client:
			client.ask(b'PAYLOAD')

	lines = records(network, talk, REPLYFROM_LOG='debug')
	tap.check(len(lines) > 1 and all(map(is_log_line, lines)), 'debug: each write(2) is one line of its own', lines)
	tap.check(lines and b'PAYLOAD' not in b''.join(lines), 'debug: no payload', lines)
	tap.check(records(network, talk) == [], 'by default nothing is written')
	for value in ('1024\n', '\x1b[2J\r\x7f\x01', 'x' * 2000, '\n' * 2000):
		lines = records(network, talk, REPLYFROM_PEERS=value)
		tap.check(len(lines) == 1 and is_log_line(lines[0]) and b'REPLYFROM_PEERS=' in lines[0],
			f'the setting {value[:8]!r} is refused in one line without control characters', lines)


def test_calls():
	if not shutil.which('readelf'):
		tap.unavailable('calls', 'readelf (binutils) is not installed')
		return
	table = subprocess.run(['readelf', '-W', '--dyn-syms', LIBRARY], capture_output=True, text=True, check=True).stdout
	needed = {fields[7].partition('@')[0] for fields in map(str.split, table.splitlines())
		if len(fields) > 7 and fields[6] == 'UND'}
	tap.check({'mmap', 'secure_getenv'} <= needed, 'what the library calls is found', needed)
	wrong = sorted(name for name in needed if FORBIDDEN.fullmatch(name))
	tap.check(not wrong, 'the library calls nothing that opens files, starts programs or allocates', wrong)


def test(network):
	test_memory(network)
	test_log(network)
	test_calls()


lab.main(test)
