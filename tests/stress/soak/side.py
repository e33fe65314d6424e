# SPDX-License-Identifier: MIT
"""One server, plainly or helped, in namespaces of its own, with its peers: a process that tells what it sees."""
import contextlib
import ctypes
import os
import signal
import sys
import tempfile
import time

import lab
import namespaces
from program import NotReady, Program

import isolation
from running import START
from stock import Missing

import measure
from load import Load, connect_networks

PR_SET_PDEATHSIG = 1
READY = 20.0            # seconds for a server that has bound its port to answer at all


def _end(number, _frame):
	sys.exit(128 + number)


def _obey_parent():
	"""End with the parent, stopping the server on the way out."""
	signal.signal(signal.SIGTERM, _end)
	signal.signal(signal.SIGINT, signal.SIG_IGN)
	ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


@contextlib.contextmanager
def _started(row, helped, settings):
	with tempfile.TemporaryDirectory(prefix='soak-') as scratch:
		os.chmod(scratch, 0o755)
		argv = row.prepare(scratch, helped)
		with Program(argv, helped, {**row.settings(scratch), **settings}) as program:
			program.await_state(row.ready, row.port, START)
			yield program


def _await_answers(server, network, seed):
	"""Ask until each family is answered: some open one socket after the other."""
	for family in server.families:
		place = lab.PRIMARY if family == lab.PRIMARY.family else lab.FIRST6
		end = time.monotonic() + READY
		with network.client(place) as client:
			request = server.row.datagram(seed, place)
			while True:
				client.send(request, port=server.row.port)
				answer = client.receive(lab.LOSS)
				if answer and server.row.is_answer(answer[0], request):
					break
				if time.monotonic() > end:
					raise NotReady(f'{server.name} does not answer at {place.address}')


class Watch:
	"""Takes samples of the processes that last: those that were there before the load and when it was warm."""

	def __init__(self, helped, size_of_table):
		self.helped, self.size_of_table = helped, size_of_table
		self.lasting = measure.processes()

	def keep_lasting(self):
		there = measure.processes()
		self.lasting = {pid: birth for pid, birth in self.lasting.items() if there.get(pid) == birth}

	def sample(self, elapsed, load):
		return {'time': round(elapsed, 1), **measure.measure(self.lasting, self.helped, self.size_of_table), **load.state()}


def _soak(server, helped, network, program, options, tell):
	load = Load(server, options.rate, seed=1)
	watch = Watch(helped, options.size_of_table)
	begin, warm = time.monotonic(), options.seconds / 10
	end, at = begin + options.seconds, 0.0
	while at < options.seconds:
		at = warm if at < warm <= at + options.interval else at + options.interval
		with network.client_network():
			load.run(min(begin + at, end))
		if at == warm:
			watch.keep_lasting()
		tell('sample', {'warm': at >= warm, **watch.sample(time.monotonic() - begin, load)})
	with network.client_network():
		load.finish()
	tell('end', {**load.state(), 'said': [line for line in program.errors().splitlines() if line.startswith('replyfrom: ')]})


def run(server, helped, options, folder, pipe):
	"""The process: tells 'ready', waits for a word, tells a 'sample' now and then and an 'end'; or 'failed'."""
	_obey_parent()

	def tell(what, content=None):
		pipe.send((what, content))

	try:
		own = os.path.join(folder, str(os.getpid()))
		os.mkdir(own)
		isolation.enter(own)
		os.chdir(own)
		network = lab.Lab()
		connect_networks(network)
		with _started(server.row, helped, {'REPLYFROM_PEERS': str(options.peers)} if helped else {}) as program:
			_await_answers(server, network, seed=1)
			tell('ready')
			pipe.recv()
			_soak(server, helped, network, program, options, tell)
	except (Missing, NotReady, namespaces.Unavailable, OSError, EOFError) as reason:
		with contextlib.suppress(OSError):
			tell('failed', f'{type(reason).__name__}: {reason}')
