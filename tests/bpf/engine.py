# SPDX-License-Identifier: MIT
"""What the tests of the BPF engine share: programs under it, cgroups, an engine that attaches."""
import atexit
import contextlib
import glob
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get('abs_top_builddir') or os.path.dirname(TESTS)
ENGINE = f'{BUILD}/bpf/replyfrom-bpf'
# Before the lab is imported: `helped` means by this engine there.
os.environ['REPLYFROM_TEST_RUNNER'] = shlex.join((ENGINE, 'run', '--'))
sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab  # noqa: E402
import program  # noqa: E402
import tap  # noqa: E402

PYTHON = sys.executable


def require():
	"""Skip everything where the engine can't work: no root, no cgroup v2, a kernel without BPF."""
	if not os.path.exists(ENGINE):
		tap.unavailable_all('configured without the BPF engine')
	check = subprocess.run([ENGINE, 'check'], capture_output=True, text=True)
	if check.returncode:
		tap.unavailable_all(check.stderr.strip())
	atexit.register(clean)


def server_sources():
	"""The C files of the test server."""
	return sorted(glob.glob(f'{TESTS}/lib/server/*.c'))


def own_cgroup():
	"""The folder of this process's cgroup."""
	with open('/proc/self/mountinfo') as mounts:
		point = next(line.split()[4] for line in mounts if ' - cgroup2 ' in line)
	with open('/proc/self/cgroup') as groups:
		return point + next(line.strip()[3:] for line in groups if line.startswith('0::')).rstrip('/')


def clean():
	"""Remove the cgroups whose keepers the lab has killed, with whatever else a program left behind."""
	for name in os.listdir(own_cgroup()):
		if name.startswith('replyfrom-') and not os.path.exists(f'/proc/{name[10:]}'):
			with contextlib.suppress(OSError):
				os.rmdir(f'{own_cgroup()}/{name}')


@contextlib.contextmanager
def cgroup(parent=None):
	"""A cgroup for the time of the block."""
	folder = tempfile.mkdtemp(prefix='test-', dir=parent or own_cgroup())
	try:
		yield folder
	finally:
		end = time.monotonic() + lab.DEADLINE
		while os.path.exists(folder):
			try:
				os.rmdir(folder)
			except OSError:
				if time.monotonic() > end:
					raise
				time.sleep(0.01)


def inside(folder, *argv):
	"""The command that runs another one in that cgroup."""
	return ('sh', '-c', 'echo 0 >"$0/cgroup.procs" && exec "$@"', folder, *argv)


class Attached:
	"""An engine that is attached to a target."""

	def __init__(self, target, *options, through=(), env=None):
		self._process = subprocess.Popen([*through, ENGINE, 'attach', '--log', 'info', *options, str(target)],
			stderr=subprocess.PIPE, text=True, errors='replace', env=env)
		self.first_line = self._process.stderr.readline()

	@property
	def pid(self):
		return self._process.pid

	def is_ready(self):
		return 'helps the sockets of' in self.first_line

	def wait(self):
		"""The exit status, when it ends by itself."""
		return self._process.wait(lab.DEADLINE)

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self._process.kill()
		self._process.wait()
		self._process.stderr.close()


def engine(*arguments, **options):
	return subprocess.run([ENGINE, *map(str, arguments)], capture_output=True, text=True, **options)


class WithFreePort:
	"""A network that starts a program when the port of the one before is free: io_uring lets go of it late."""

	def __init__(self, network):
		self._network = network

	def __getattr__(self, name):
		return getattr(self._network, name)

	def start(self, *arguments, **options):
		wait_until(lambda: not program.is_bound(lab.PORT))
		return self._network.start(*arguments, **options)


class Workshop:
	"""A folder with programs that are built here."""

	def __init__(self):
		self._folder = tempfile.TemporaryDirectory(dir='/var/tmp')
		self.path = self._folder.name
		os.chmod(self.path, 0o755)

	def compile(self, name, sources, *options):
		"""The path of a C program, or None with the reason."""
		path = f'{self.path}/{name}'
		made = subprocess.run([*shlex.split(os.environ.get('CC') or 'cc'), '-std=gnu11', '-D_GNU_SOURCE', '-O1', '-w',
			'-pthread', '-o', path, *sources, *options], capture_output=True, text=True)
		return (path, None) if not made.returncode else (None, made.stderr.strip().splitlines()[-1])

	def copy(self, source, name):
		return shutil.copy(source, f'{self.path}/{name}')


def wait_until(is_so, patience=lab.DEADLINE):
	"""Wait for what has to happen; whether it did."""
	end = time.monotonic() + patience
	while not is_so():
		if time.monotonic() > end:
			return False
		time.sleep(0.01)
	return True
