# SPDX-License-Identifier: MIT
"""packaging/replyfrom-attach@.service, without systemd: what it allows is enough for the engine. tests/vm starts it."""
import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

import engine
import lab
import program
import tap
from lab import IPV4
from patterns import argv

UNIT = pathlib.Path(engine.TESTS, '../packaging/replyfrom-attach@.service.in')
NOBODY = ('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups')
ECHO = argv('recvfrom/sendto', '-4')
# Every mount but those of /dev is read-only, as ProtectSystem=strict, ProtectControlGroups= and ProtectKernelTunables=
# make them.
READ_ONLY = r"""
while read -r _ _ _ _ point _; do
	case $point in /dev | /dev/*) ;; *) mount -o remount,bind,ro "$point" 2>/dev/null || : ;; esac
done </proc/self/mountinfo
! touch "$0" 2>/dev/null && ! mkdir "$1" 2>/dev/null || exit
shift
exec "$@"
"""


def setting(name):
	"""The values of a setting in the unit."""
	return re.search(rf'^{name}=(.*)$', UNIT.read_text(), re.MULTILINE)[1].split()


def expand(names):
	"""The system calls that SystemCallFilter= allows by these names and sets."""
	sets, current = {}, None
	shown = subprocess.run(['systemd-analyze', 'syscall-filter'], capture_output=True, text=True, check=True).stdout
	for line in shown.splitlines():
		if line.startswith('@'):
			current = sets.setdefault(line.strip(), [])
		elif current is not None and line.strip() and not line.strip().startswith('#'):
			current.append(line.strip())
	calls, todo = set(), list(names)
	while todo:
		name = todo.pop()
		todo += sets[name] if name.startswith('@') else []
		calls |= set() if name.startswith('@') else {name}
	return calls


def confined(trace, folder, work):
	"""The command before that of the engine: strace, and what systemd does for the settings of the unit."""
	capabilities = ','.join(f'+{name[4:].lower()}' for name in setting('CapabilityBoundingSet'))
	return ('strace', '-f', '-o', trace, 'unshare', '--mount', '--propagation=private',
		'sh', '-euc', READ_ONLY, f'{work}/made', f'{folder}/made',
		'setpriv', f'--bounding-set=-all,{capabilities}', '--inh-caps=-all', '--no-new-privs')


def check_trace(trace):
	"""What the engine has asked the kernel for since it was started."""
	text = pathlib.Path(trace).read_text()
	calls = re.findall(r'^\d+ +(\w+)\((.*)', text[text.index(f'execve("{engine.ENGINE}"'):], re.MULTILINE)
	made = {name for name, _ in calls}
	denied = made - expand(setting('SystemCallFilter'))
	tap.check({'bpf', 'setns', 'pidfd_getfd', 'sched_setscheduler'} <= made and not denied,
		'SystemCallFilter= allows its calls', denied)
	families = {line.split(',')[0] for name, line in calls if name in ('socket', 'socketpair')}
	tap.check(families and families <= set(setting('RestrictAddressFamilies')), 'RestrictAddressFamilies= allows its sockets', families)
	namespaces = {line.split(' ')[1] for name, line in calls if name == 'setns'}
	made_ones = [line for name, line in calls if name == 'unshare' or 'CLONE_NEW' in line and name != 'setns']
	tap.check(setting('RestrictNamespaces') == ['net'] and namespaces == {'CLONE_NEWNET)'} and not made_ones,
		'RestrictNamespaces= allows its namespaces', namespaces, made_ones)
	executable = [line for name, line in calls
		if name in ('mmap', 'mprotect') and 'PROT_WRITE' in line and 'PROT_EXEC' in line]
	tap.check(not executable, 'MemoryDenyWriteExecute= allows its memory', *executable)


def test_confined(network, work):
	with engine.cgroup() as folder, contextlib.ExitStack() as stack:
		servers = [program.Program(engine.inside(folder, *command), False) for command in (
			(*NOBODY, *ECHO), ('unshare', '--net', *ECHO))]
		for server in servers:
			stack.enter_context(server)
		servers[0].await_bound(lab.PORT, lab.DEADLINE)
		engine.wait_until(lambda: os.readlink(f'/proc/{servers[1].pid}/ns/net') != os.readlink('/proc/self/ns/net'))
		ready = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
		ready.bind(f'{work}/notify')
		ready.settimeout(lab.DEADLINE)
		attached = stack.enter_context(engine.Attached(folder, through=confined(f'{work}/trace', folder, work),
			env={**os.environ, 'NOTIFY_SOCKET': f'{work}/notify'}))
		tap.check(attached.is_ready(), 'the engine starts with what the unit allows', attached.first_line)
		tap.check(ready.recv(100).startswith(b'READY=1'), 'and tells systemd')
		for destination in IPV4[:2]:
			with network.client(destination) as client:
				source = client.ask(b'hello')
				tap.check(source == destination.address, f'a server of another user, {destination.title}', source)
		detached = engine.engine('detach', folder)
		tap.check(detached.returncode == 0 and attached.wait() == 0, 'and it ends', detached)
	check_trace(f'{work}/trace')


def test_unit(work):
	"""By systemd's own reader."""
	for name in ('replyfrom-attach@x.service', 'x.service'):
		text = UNIT.read_text() if '@' in name else '[Service]\nExecStart=/bin/true\n'
		pathlib.Path(work, name).write_text(text.replace('@libdir@/replyfrom/replyfrom-bpf', engine.ENGINE))
	shown = subprocess.run(['systemd-analyze', 'verify', '--man=no', f'{work}/replyfrom-attach@x.service'],
		capture_output=True, text=True, env={**os.environ, 'SYSTEMD_UNIT_PATH': f'{work}:'})
	said = [line for line in (shown.stdout + shown.stderr).splitlines() if 'replyfrom' in line]
	tap.check(not said, 'systemd-analyze verify has nothing to say', *said)


def test(network):
	for tool in ('strace', 'systemd-analyze', 'setpriv'):
		if not shutil.which(tool):
			tap.unavailable('the service', f'{tool} is not installed')
			return
	with tempfile.TemporaryDirectory(dir='/var/tmp') as work:
		test_unit(work)
		test_confined(network, work)


engine.require()
lab.main(test)
