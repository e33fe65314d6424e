# SPDX-License-Identifier: MIT
"""A program that runs in this thread's network namespace, plainly or helped by replyfrom."""
import contextlib
import os
import select
import shlex
import signal
import subprocess
import tempfile
import time

SOURCE_DIRECTORY = os.path.dirname(os.path.abspath(__file__))
BUILD_DIRECTORY = os.environ.get('abs_top_builddir') or os.path.dirname(os.path.dirname(SOURCE_DIRECTORY))
WRAPPER = f'{BUILD_DIRECTORY}/tools/replyfrom'
LIBRARY = f'{BUILD_DIRECTORY}/shim/libreplyfrom.so'
# What starts a helped program; tests/tools has valgrind do it, or a library with sanitizers.
RUNNER = shlex.split(os.environ.get('REPLYFROM_TEST_RUNNER') or shlex.join((WRAPPER, '--')))


class NotReady(Exception):
	"""The program ended, or did not bind its port in time."""


def _sockets(port):
	"""(is connected, bytes in the receive queue) of each UDP socket of this namespace with that port."""
	for table in ('udp', 'udp6'):
		with contextlib.suppress(FileNotFoundError), open(f'/proc/thread-self/net/{table}') as lines:
			next(lines)
			for line in lines:
				local, remote, _, queues = line.split()[1:5]
				if int(local.rpartition(':')[2], 16) == port:
					yield not remote.endswith(':0000'), int(queues.partition(':')[2], 16)


def is_bound(port, sockets=1):
	"""Do so many unconnected sockets have that port?"""
	return sum(not is_connected for is_connected, _ in _sockets(port)) >= sockets


def are_both_bound(port):
	"""is_bound() for a program that binds one socket for each family."""
	return is_bound(port, 2)


def has_read_all(port):
	"""Is nothing left in the receive queues of that port?"""
	return not any(queued for _, queued in _sockets(port))


def datagrams_read():
	"""How many datagrams the programs of this namespace have received by calls: those that only arrived do not count."""
	count = 0
	with open('/proc/thread-self/net/snmp') as lines:
		names, values = [line.split() for line in lines if line.startswith('Udp:')]
		count += int(values[names.index('InDatagrams')])
	with contextlib.suppress(FileNotFoundError), open('/proc/thread-self/net/snmp6') as lines:
		count += sum(int(line.split()[1]) for line in lines if line.startswith('Udp6InDatagrams'))
	return count


def _children():
	"""Our children, those included that were adopted when their own parent ended."""
	with open('/proc/thread-self/children') as file:
		return {int(pid) for pid in file.read().split()}


class Program:
	_running = set()

	def __init__(self, argv, helped, settings=(), stdin=subprocess.PIPE, stderr=None):
		"""settings: environment variables for the program, such as REPLYFROM_PORTS. stderr: in place of what errors() returns."""
		self._errors = tempfile.TemporaryFile()
		self._shown = b''
		self.argv = argv
		environment = {name: value for name, value in os.environ.items()
			if name != 'LD_PRELOAD' and not name.startswith('REPLYFROM_')}
		environment.update(settings)
		self._process = subprocess.Popen([*RUNNER, *argv] if helped else argv, env=environment,
			stdin=stdin, stdout=subprocess.PIPE, stderr=stderr or self._errors, start_new_session=True)
		self._running.add(self._process.pid)
		os.set_blocking(self._process.stdout.fileno(), False)

	@property
	def pid(self):
		return self._process.pid

	def await_state(self, state, port, patience):
		"""Wait until state(port), such as is_bound() or has_read_all()."""
		end = time.monotonic() + patience
		while not state(port):
			if self._process.poll() is not None:
				raise NotReady(f'{self.argv[0]} ended with {self._process.returncode}: {self.errors()}')
			if time.monotonic() > end:
				raise NotReady(f'{self.argv[0]}, port {port}: {state.__name__} is not so: {self.errors()}')
			time.sleep(0.005)

	def await_bound(self, port, patience):
		self.await_state(is_bound, port, patience)

	def await_read(self, count, patience):
		"""Wait until datagrams_read() has come to that count."""

		def has_read(_port):
			return datagrams_read() >= count

		self.await_state(has_read, 0, patience)

	def type(self, text):
		"""Write to the program's standard input."""
		self._process.stdin.write(text)
		self._process.stdin.flush()

	def shows(self, text, patience):
		"""Does the text come out of the program's standard output?"""
		end = time.monotonic() + patience
		while text not in self._shown:
			left = end - time.monotonic()
			if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
				return False
			more = self._process.stdout.read()
			if more == b'':
				return False
			self._shown += more or b''
		return True

	def shown(self):
		"""What shows() has seen of the program's standard output."""
		return self._shown.decode(errors='replace').strip()

	def errors(self):
		"""What the program wrote to its standard error."""
		self._errors.seek(0)
		return self._errors.read().decode(errors='replace').strip()

	def stop(self):
		"""End the program and all that it left behind."""
		if self._process.stdin:
			with contextlib.suppress(OSError):
				self._process.stdin.close()
		with contextlib.suppress(ProcessLookupError):
			os.killpg(self._process.pid, signal.SIGTERM)
		try:
			self._process.wait(1)
		except subprocess.TimeoutExpired:
			self._process.kill()
			self._process.wait()
		self._running.discard(self._process.pid)
		self._end_orphans()
		self._process.stdout.close()
		self._errors.close()

	def _end_orphans(self):
		# Grandchildren become our children one generation at a time.
		while orphans := _children() - self._running:
			for pid in orphans:
				with contextlib.suppress(ProcessLookupError):
					os.kill(pid, signal.SIGKILL)
				with contextlib.suppress(ChildProcessError):
					os.waitpid(pid, 0)

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.stop()
