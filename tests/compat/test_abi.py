# SPDX-License-Identifier: MIT
"""Library and program built for another ABI than this machine's first: 32-bit with a 64-bit time_t, and musl."""
import glob
import os
import shlex
import subprocess
import sys
import tempfile
from typing import NamedTuple

SOURCES = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(1, f'{sys.path[0]}/../lib')

import abi_server
import lab
import tap
from program import BUILD_DIRECTORY

CC = tuple(shlex.split(os.environ.get('CC', 'cc')))
LIBRARY_FLAGS = ('-O1', '-fPIC', '-fvisibility=hidden', '-ftls-model=initial-exec', '-shared', '-include',
	f'{BUILD_DIRECTORY}/config.h', f'-I{SOURCES}/shim')


class Abi(NamedTuple):
	"""How a library is compiled for it, and what a program takes besides."""
	title: str
	compiler: tuple
	program_flags: tuple = ()


class NoCompiler(Exception):
	"""This machine has none for that ABI."""


def compile_all(*commands):
	"""Run compilers side by side; NoCompiler with what the first that failed had to say."""
	try:
		running = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
			for command in commands]
	except FileNotFoundError as error:
		raise NoCompiler(f'{error.filename} is not installed') from error
	errors = [process.communicate()[1].strip() for process in running]
	for process, error in zip(running, errors):
		if process.returncode:
			raise NoCompiler(f'{" ".join(process.args[:2])}: {(error.splitlines() or ["failed"])[0]}')


def attempt(abi, work):
	"""Can programs of that ABI be compiled and run here?"""
	source, program = f'{work}/nothing.c', f'{work}/nothing'
	with open(source, 'w') as file:
		file.write('#include <sys/socket.h>\n#include <time.h>\nint main(void) { return 0; }\n')
	compile_all((*abi.compiler, *abi.program_flags, '-o', program, source))
	try:
		ended = subprocess.run([program], check=False).returncode
	except OSError as error:
		raise NoCompiler(error.strerror) from error
	if ended:
		raise NoCompiler(f'a program ended with {ended}')


def build(abi, work):
	"""(library, program), compiled at once."""
	library, program = f'{work}/libreplyfrom.so', f'{work}/abi'
	units = sorted(glob.glob(f'{SOURCES}/shim/*/*.[cS]'))
	compile_all((*abi.compiler, '-std=gnu11', *LIBRARY_FLAGS, '-o', library, *units),
		(*abi.compiler, '-std=gnu11', '-D_GNU_SOURCE', *abi.program_flags, '-o', program, abi_server.SOURCE))
	return library, program


def kernel_headers(work):
	"""A folder with the kernel's headers, which are not those of a libc, as the first compiler finds them."""
	folders = {}
	for name in ('linux', 'asm', 'asm-generic'):
		found = subprocess.run((*CC, '-E', '-M', '-x', 'c', '-'), input=f'#include <{name}/types.h>\n', text=True,
			capture_output=True)
		folders[name] = next((path for path in found.stdout.split() if path.endswith(f'/{name}/types.h')), None)
	for name, path in folders.items():
		if path:
			os.symlink(os.path.dirname(path), f'{work}/{name}')
	return work


def test_abi(network, abi):
	titles = {'-4': f'{abi.title}, IPv4', '-6': f'{abi.title}, dual-stack'}
	with tempfile.TemporaryDirectory() as work:
		try:
			attempt(abi, work)
		except NoCompiler as reason:
			for title in titles.values():
				tap.unsupported(title, str(reason))
			return
		try:
			library, program = build(abi, work)
		except NoCompiler as reason:
			tap.check(False, f'{abi.title}: compiles', reason)
			return
		for family, title in titles.items():
			if family == '-6' and not network.has_ipv6:
				tap.unavailable(title, 'no IPv6 on this machine')
				continue
			abi_server.compare(network, title, (program, *abi_server.arguments(family)), library)


def build_as_configured(compiler, work):
	"""The library as configure and make build it with that compiler: (library, what went wrong)."""
	commands = ((f'{SOURCES}/configure', '-q', f'CC={shlex.join(compiler)}'), ('make', 'shim/libreplyfrom.so'))
	for command in commands:
		done = subprocess.run(command, cwd=work, stdin=subprocess.DEVNULL, capture_output=True, text=True)
		if done.returncode:
			return None, f'{done.stdout}{done.stderr}'
	return f'{work}/shim/libreplyfrom.so', ''


def test_strangers(network, musl, work):
	"""LD_PRELOAD goes on from a program of one libc to one of the other: that runs as it does plainly."""
	try:
		attempt(musl, work)
	except NoCompiler as reason:
		tap.unavailable('a program of another libc', str(reason))
		return
	programs = {}
	for title, compiler in (('glibc', CC), ('musl', musl.compiler)):
		programs[title] = f'{work}/{title}'
		compile_all((*compiler, '-std=gnu11', '-D_GNU_SOURCE', '-o', programs[title], abi_server.SOURCE))
	build_folder = f'{work}/build'
	os.mkdir(build_folder)
	library, reason = build_as_configured(musl.compiler, build_folder)
	tap.check(library, 'configure and make with musl', reason)
	for title, program, preloaded in (
		('a program of musl with the library for glibc', programs['musl'], f'{BUILD_DIRECTORY}/shim/libreplyfrom.so'),
		('a program of glibc with the library for musl', programs['glibc'], library),
	):
		argv = (program, *abi_server.arguments('-4'))
		plain = abi_server.conversation(network, argv)
		inert = abi_server.conversation(network, argv, LD_PRELOAD=preloaded or '')
		wrong = plain[0] == [lab.PRIMARY.address] * abi_server.REQUESTS
		tap.check(wrong and inert == plain, title, f'plain:     {plain}', f'preloaded: {inert}')
	if library:
		argv = (programs['musl'], *abi_server.arguments('-4'))
		sources, _ = abi_server.conversation(network, argv, LD_PRELOAD=library)
		tap.check(sources == [lab.SECONDARY.address] * abi_server.REQUESTS, 'a program of musl with the library for musl', sources)


def is_glibc():
	return os.path.exists(f'{BUILD_DIRECTORY}/config.h') and not subprocess.run((*CC, '-E', '-'),
		input='#include <features.h>\n#ifndef __GLIBC__\n#error\n#endif\n', text=True, capture_output=True).returncode


def test(network):
	with tempfile.TemporaryDirectory() as headers, tempfile.TemporaryDirectory() as work:
		kernel = ('-idirafter', kernel_headers(headers))
		musl = Abi('musl', ('musl-gcc', *kernel))
		if is_glibc():
			test_strangers(network, musl, work)
		else:
			tap.unsupported('a program of another libc', 'the compiler makes none for glibc')
		for abi in (
			Abi('32-bit, time64', (*CC, '-m32', *kernel), ('-D_TIME_BITS=64', '-D_FILE_OFFSET_BITS=64')),
			musl,
		):
			test_abi(network, abi)


lab.main(test)
