# SPDX-License-Identifier: MIT
"""Network namespaces that belong to this process alone and vanish with it, whichever way it ends."""
import contextlib
import ctypes
import os
import subprocess

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


class Unavailable(Exception):
	"""This machine does not let us have namespaces of our own."""


def _call(function, *arguments):
	if function(*arguments):
		error = ctypes.get_errno()
		raise OSError(error, f'{function.__name__}: {os.strerror(error)}')


def _write(path, text):
	with open(path, 'w') as file:
		file.write(text)


def _become_root_of_a_user_namespace():
	uid, gid = os.geteuid(), os.getegid()
	_call(_libc.unshare, CLONE_NEWUSER)
	_write('/proc/self/setgroups', 'deny')
	_write('/proc/self/uid_map', f'0 {uid} 1')
	_write('/proc/self/gid_map', f'0 {gid} 1')


def leave_network():
	"""Move this process into a network namespace of its own; as another user than root, into a user namespace before."""
	try:
		try:
			_call(_libc.unshare, CLONE_NEWNET)
		except PermissionError:
			_become_root_of_a_user_namespace()
			_call(_libc.unshare, CLONE_NEWNET)
	except OSError as error:
		raise Unavailable(f'no network namespace to be had: {error}') from error


def enter(there):
	"""Move this thread into that namespace."""
	_call(_libc.setns, there, CLONE_NEWNET)


def handle():
	"""A descriptor of the network namespace this thread is in now."""
	return os.open('/proc/thread-self/ns/net', os.O_RDONLY | os.O_CLOEXEC)


@contextlib.contextmanager
def inside(there):
	"""Sockets and processes made by this thread within the block belong to that namespace for good."""
	here = handle()
	try:
		enter(there)
		yield
	finally:
		enter(here)
		os.close(here)


def ip(*commands, descriptors=(), options=()):
	"""Run ip(8) commands, in order, in this thread's namespace."""
	batch = subprocess.run(['ip', *options, '-batch', '-'], input='\n'.join(commands), text=True, capture_output=True,
		pass_fds=descriptors)
	if batch.returncode:
		raise Unavailable(f'ip: {batch.stderr.strip()}')


def set_sysctl(name, value):
	"""Set a network setting of this thread's namespace, where this kernel has it."""
	with contextlib.suppress(OSError):
		_write(f'/proc/sys/net/{name}', str(value))


def adopt_orphans():
	"""Let daemons and grandchildren become our children, so that all that we started can be found and ended."""
	_call(_libc.prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
