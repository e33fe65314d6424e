# SPDX-License-Identifier: MIT
"""Servers of another architecture with the library preloaded; $EMULATOR runs them (check.sh)."""
import os
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(1, f'{sys.path[0]}/../lib')
LIBRARY = f'{os.environ["abs_top_builddir"]}/shim/libreplyfrom.so'
# The emulator is linked statically: only the emulated program has a loader that reads this.
os.environ['REPLYFROM_TEST_RUNNER'] = shlex.join(('env', f'LD_PRELOAD={LIBRARY}'))

import abi_server
import lab
import tap
from cases import run
from patterns import rows

EMULATOR = tuple(shlex.split(os.environ['EMULATOR']))
CC = tuple(shlex.split(os.environ['CC']))
# No mode that executes a program: this machine's kernel does not know the architecture.
MODES = (
	'recvfrom/sendto',
	'recvmsg/sendmsg',
	'recvmmsg/sendmmsg',
	'peek-1/sendto',
	'another-thread',
	'another-process',
	'prefork',
	'fork-each',
	'fresh-sendto',
	'fresh-same-port',
)


def compiled(work, source, *flags):
	"""The command that runs that program."""
	program = f'{work}/{os.path.basename(source)}.out'
	subprocess.run((*CC, '-std=gnu11', '-D_GNU_SOURCE', *flags, '-o', program, source), check=True)
	return (*EMULATOR, program)


def emulator_lacks(work):
	"""The words that emulator.c prints."""
	command = compiled(work, f'{sys.path[0]}/emulator.c')
	asked = subprocess.run((*command, lab.INTERFACE, lab.LINK_LOCAL.address), stdout=subprocess.PIPE, text=True, check=True)
	return asked.stdout.split()


def servers(lacks):
	by_scope, by_group = (), ()
	if 'sin6_scope_id' in lacks:
		by_scope = (lab.LINK_LOCAL,)
		tap.unsupported('link-local peers', 'the emulator gives programs a wrong sin6_scope_id')
	if 'IP_MULTICAST_IF' in lacks:
		# The kernel's choice for a connect to these addresses themselves is another (two_step.c).
		by_group = (lab.SECONDARY, lab.LOOPBACK)
		tap.unsupported('connect to peers that asked at IPv4 secondary and loopback',
			'the emulator does not read the option IP_MULTICAST_IF')
	yield from rows(MODES, without=by_scope)
	yield from rows(('pktinfo/sendto',), '-p', families=('-4', '-6'), without=by_scope)
	yield from rows(('connect-recv-send',), once=True, flow=3, without=by_scope + by_group)


def test_every_call(network, work, lacks):
	"""Each call by its name and by its number; in 32-bit programs with a 64-bit time_t."""
	server = compiled(work, abi_server.SOURCE, '-D_TIME_BITS=64', '-D_FILE_OFFSET_BITS=64')
	control = ()
	if 'cmsg_len' in lacks:
		control = ('valid',)
		tap.unsupported('control data that the kernel refuses', 'the emulator crashes at an empty cmsg_len')
	unlike = None
	if 'time64' in lacks:
		tap.unsupported('recvmmsg_time64() by its number', 'the emulator does not have that system call')
		# The libc converts timestamps where there is no SO_TIMESTAMP_NEW; after our recvmsg() it does not.
		unlike = 'the emulator does not have SO_TIMESTAMP_NEW, for which the libc adds control messages'
	for family, title in (('-4', 'every call, IPv4'), ('-6', 'every call, dual-stack')):
		abi_server.compare(network, title, (*server, *abi_server.arguments(family), *control), LIBRARY, unlike)


def test(network):
	with tempfile.TemporaryDirectory() as work:
		lacks = emulator_lacks(work)
		run(network, (server._replace(argv=(*EMULATOR, *server.argv)) for server in servers(lacks)))
		test_every_call(network, work, lacks)


lab.main(test)
