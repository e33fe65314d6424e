# SPDX-License-Identifier: MIT
"""Installs the packages of the table without starting their services."""
import contextlib
import os
import subprocess
import sys

from stock import UNPACKED

POLICY = '/usr/sbin/policy-rc.d'


@contextlib.contextmanager
def _services_stay_off():
	"""invoke-rc.d starts nothing while this says so (Debian's invoke-rc.d(8))."""
	ours = not os.path.exists(POLICY)
	if ours:
		with open(POLICY, 'w') as file:
			file.write('#!/bin/sh\nexit 101\n')
		os.chmod(POLICY, 0o755)
	try:
		yield
	finally:
		if ours:
			os.remove(POLICY)


def _is_installed(package):
	state = subprocess.run(['dpkg-query', '-W', '-f', '${db:Status-Status}', package], capture_output=True, text=True)
	return state.stdout == 'installed'


def _apt_get(*arguments, **settings):
	return subprocess.run(['apt-get', '-qq', *arguments], stdin=subprocess.DEVNULL, capture_output=True, **settings).returncode == 0


def _unpack(package):
	"""A package that conflicts with another's, below the build folder."""
	os.makedirs(UNPACKED, exist_ok=True)
	if os.path.isdir(f'{UNPACKED}/{package}'):
		return
	if not _apt_get('download', package, cwd=UNPACKED):
		print(f'check-programs: could not download {package}', file=sys.stderr)
		return
	for archive in os.listdir(UNPACKED):
		if archive.startswith(f'{package}_'):
			subprocess.run(['dpkg', '-x', f'{UNPACKED}/{archive}', f'{UNPACKED}/{package}'], check=True)


def install(rows):
	"""One at a time: what is not in this release leaves the others alone."""
	if os.geteuid():
		sys.exit('check-programs: --install takes root')
	wanted = {package for row in rows for package in (*row.needs, *(() if row.unpack else (row.package,)))} | {'strace', 'openssl'}
	missing = sorted(package for package in wanted if not _is_installed(package))
	if missing:
		_apt_get('update')
	with _services_stay_off():
		for package in missing:
			print(f'installing {package}', flush=True)
			if not _apt_get('install', '-y', '--no-install-recommends', package, env={**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'}):
				print(f'check-programs: could not install {package}', file=sys.stderr)
	for package in sorted({row.package for row in rows if row.unpack}):
		_unpack(package)
