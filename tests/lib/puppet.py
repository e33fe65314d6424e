# SPDX-License-Identifier: MIT
"""A program that does what a test tells it, plainly or helped (puppet.c), and peers that talk to it."""
import os
import select
import time

import lab
import program

PUPPET = f'{program.BUILD_DIRECTORY}/tests/lib/puppet'


class Puppet:
	def __init__(self, helped, **settings):
		self._program = program.Program([PUPPET], helped, settings)
		if not self._program.shows(b'ready\n', lab.DEADLINE):
			raise program.NotReady(f'{PUPPET}: {self._program.errors()}')

	def tell(self, worker, *words):
		"""The worker's answer, as text."""
		self._program.type(f'{worker} {" ".join(map(str, words))}\n'.encode())
		output, line = self._program._process.stdout, b''
		end = time.monotonic() + 8 * lab.DEADLINE
		while not line.endswith(b'\n'):
			if not select.select([output], [], [], max(0, end - time.monotonic()))[0]:
				raise program.NotReady(f'no answer to {words}')
			more = output.read()
			if not more:
				raise program.NotReady(f'ended at {words}: {self._program.errors()}')
			line += more
		answer = line.decode().rstrip('\n')
		if answer.startswith('error '):
			raise OSError(int(answer[6:]), f'{os.strerror(int(answer[6:]))}: {words}')
		return answer

	def open(self, family, port, worker='main'):
		return int(self.tell(worker, 'open', family, port))

	@property
	def pid(self):
		return self._program.pid

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self._program.stop()


class Peer:
	"""A peer with a port of its own that says and hears (client of the lab)."""

	def __init__(self, client):
		self.client = client
		self.address, self.port = client.socket.getsockname()[:2]

	def heard(self, patience=lab.DEADLINE):
		"""The source of the next datagram."""
		received = self.client.receive(patience)
		return received and received[1]

	def says(self, address, port):
		self.client.send(b'said', address, port)
