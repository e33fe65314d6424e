# SPDX-License-Identifier: MIT
"""This machine as the lab's server, systemd's services on it, and what replyfrom does for them."""
import glob
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path[:0] = [f'{TOP}/tests/lib', f'{TOP}/tests/compat']
os.environ.setdefault('REPLYFROM_TEST_DEADLINE', '60')
os.environ.setdefault('abs_top_builddir', f'{TOP}/build')

import lab  # noqa: E402
import program  # noqa: E402
import tap  # noqa: E402

# replyfrom knows no such setting.
del os.environ['REPLYFROM_TEST_DEADLINE']

DESTINATIONS = lab.IPV4 + lab.IPV6
# Seconds after which a request is sent again: the network loses none, but a service may have been busy starting.
PATIENCE = 5


def run(*command):
	"""(exit status, what it wrote)"""
	done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace',
		check=False)
	return done.returncode, done.stdout.strip()


def succeeds(title, *command):
	"""A case: the command ends with 0."""
	status, output = run(*command)
	tap.check(status == 0, title, f'{" ".join(command)}: {status}', output)
	return output


def contains(title, text, *command):
	"""A case: the command writes that text, whatever its status."""
	status, output = run(*command)
	tap.check(text in output, title, f'no {text!r} from {" ".join(command)}: {status}', output)
	return output


def install_packages():
	succeeds('the packages install', 'dpkg', '-i', *(path for path in glob.glob('/srv/debs/*.deb') if 'dbgsym' not in path))


def lacks_engine(path='/usr/lib/*/replyfrom/replyfrom-bpf'):
	"""What this kernel lacks for the second engine, or None. The program is not in PATH."""
	status, output = run('sh', '-c', f'{path} check')
	return output.replace('\n', '; ') if status else None


class Attached:
	"""`replyfrom --attach`, from when it says that it is at work until --detach."""

	def __init__(self, title, target, *within):
		"""within: a command that starts another one elsewhere, such as `podman run`."""
		self._title, self._target = title, target
		self._process = subprocess.Popen([*within, 'replyfrom', '--log', 'info', '--attach', target], stdin=subprocess.DEVNULL,
			stderr=subprocess.PIPE, text=True)
		line = self._process.stderr.readline()
		tap.check(self._process.poll() is None, f'{title}: --attach', line)

	def detach(self):
		succeeds(f'{self._title}: --detach', 'replyfrom', '--detach', self._target)
		remarks = self._process.stderr.read()
		tap.check(self._process.wait() == 0, f'{self._title}: --attach ends with 0', remarks)


def properties(unit, name):
	return run('systemctl', 'show', '-P', name, unit)[1]


def becomes_active(unit):
	"""Wait for a unit that systemd starts on account of another one. False if it does not in time."""
	end = time.monotonic() + lab.DEADLINE
	while properties(unit, 'ActiveState') != 'active':
		if time.monotonic() > end:
			return False
		time.sleep(0.05)
	return True


def pids(unit):
	"""The processes of a running unit, the oldest first."""
	with open(f'/sys/fs/cgroup{properties(unit, "ControlGroup")}/cgroup.procs') as file:
		return sorted(file.read().split(), key=int)


def restart(title, unit, port):
	"""Start the unit afresh, and wait for its port."""
	run('systemctl', 'daemon-reload')
	run('systemctl', 'reset-failed', unit)
	status, output = run('systemctl', 'restart', unit)
	end = time.monotonic() + lab.DEADLINE
	while not program.is_bound(port) and time.monotonic() < end:
		time.sleep(0.05)
	if status or not program.is_bound(port):
		tap.check(False, f'{title}: starts', output, *run('journalctl', '--no-pager', '-n', '20', '-u', unit))


class Service:
	"""A server of this machine: where it listens, and how it is asked."""

	def __init__(self, unit, port, request, is_answer, destinations=DESTINATIONS):
		"""request: bytes, or a function of a number and a destination; is_answer: of the answer and the request."""
		self.unit, self.port, self.request, self.is_answer, self.destinations = unit, port, request, is_answer, destinations
		self.asked = 0

	def ask(self, machine, destination):
		"""The address from which the answer comes, or None."""
		with machine.client(destination) as client:
			for _ in range(3):
				self.asked += 1
				request = self.request(self.asked % 100, destination) if callable(self.request) else self.request
				client.send(request, port=self.port)
				end = time.monotonic() + PATIENCE
				while (left := end - time.monotonic()) > 0:
					answer = client.receive(left)
					if answer and self.is_answer(answer[0], request):
						return answer[1]
		return None

	def sources(self, machine):
		return {destination: self.ask(machine, destination) for destination in self.destinations}


def is_right(destination, source):
	return source == destination.address


def told(sources):
	return [f'{destination.title}, asked at {destination.address}: {source}' for destination, source in sources.items()]


def wrong(title, machine, service):
	"""A case: the service answers everywhere, and somewhere from another address."""
	sources = service.sources(machine)
	tap.check(all(sources.values()) and not all(map(is_right, *zip(*sources.items()))), f'{title}: wrong', *told(sources))


def right(title, machine, service):
	"""A case: the service answers from each address at which it is asked."""
	sources = service.sources(machine)
	tap.check(all(map(is_right, *zip(*sources.items()))), f'{title}: right', *told(sources))


def try_service(machine, service, name=None):
	"""Wrong as it is, right with the drop-in, and wrong again without."""
	unit = service.unit
	name = name or unit.removesuffix('.service')
	restart(name, unit, service.port)
	wrong(f'{name}, as it is', machine, service)
	succeeds(f'{name}: --unit --install', 'replyfrom', '--unit', '--install', unit)
	restart(name, unit, service.port)
	right(f'{name}, with the drop-in', machine, service)
	succeeds(f'{name}: --status', 'replyfrom', '--status', pids(unit)[0])
	contains(f'{name}: --scan', 'is behind replyfrom', 'sh', '-c', f'replyfrom --scan | grep -w {service.port}')
	contains(f'{name}: --unit --list', f'{unit}  /etc/systemd/system/{unit}.d/replyfrom.conf', 'replyfrom', '--unit', '--list')


def undo(machine, service, name=None):
	unit = service.unit
	name = name or unit.removesuffix('.service')
	succeeds(f'{name}: --unit --remove', 'replyfrom', '--unit', '--remove', unit)
	tap.check(not os.path.exists(f'/etc/systemd/system/{unit}.d'), f'{name}: nothing of the drop-in stays')
	restart(name, unit, service.port)
	wrong(f'{name}, after --remove', machine, service)
	run('systemctl', 'stop', unit)
