# SPDX-License-Identifier: MIT
"""Test suites that others wrote, with the library and without: each test must end alike."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(1, f'{sys.path[0]}/../../lib')
import namespaces
import tap

LIBRARY = os.path.join(os.environ['abs_top_builddir'], 'shim/libreplyfrom.so')
PYTHON = '/usr/bin/python3'     # the one that Debian's packages belong to
PATIENCE = 1800
ATTEMPTS = 3                    # some of these tests are not the same every time without the library either

# Packages to install, and modules.
UNITTEST = {
	'CPython': ('libpython3.11-testsuite', ['test.test_socket', 'test.test_socketserver']),
	'CPython, asyncio': ('libpython3.11-testsuite', ['test.test_asyncio.test_events', 'test.test_asyncio.test_sock_lowlevel']),
	'Twisted': ('python3-twisted', ['twisted.test.test_udp', 'twisted.internet.test.test_udp',
		'twisted.internet.test.test_udp_internals', 'twisted.internet.test.test_socket', 'twisted.internet.test.test_unix']),
}
PYTEST = {
	'trio': ('python3-trio python3-pytest', ['trio.tests.test_socket', 'trio.tests.test_highlevel_socket']),
}


def environment(helped, amplified):
	variables = {name: value for name, value in os.environ.items() if not name.startswith(('REPLYFROM_', 'PYTHON'))}
	variables['PYTHONDONTWRITEBYTECODE'] = '1'
	variables.pop('LD_PRELOAD', None)
	if helped:
		variables['LD_PRELOAD'] = LIBRARY
	if amplified:
		variables.update(PYTHONPATH=str(HERE / 'amplifier'), AMPLIFIED=amplified)
	return variables


def run_unittest(modules, output, **settings):
	subprocess.run([PYTHON, '-W', 'ignore', HERE / 'runner.py', output, *modules], timeout=PATIENCE,
		stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **settings)
	with open(output) as file:
		return json.load(file)


def run_pytest(modules, output, **settings):
	subprocess.run([PYTHON, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', f'--junitxml={output}',
		'--pyargs', *modules], timeout=PATIENCE, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **settings)
	return {f'{case.get("classname")}.{case.get("name")}': case[0].tag if len(case) else 'ok'
		for case in xml.etree.ElementTree.parse(output).iter('testcase')}


def run(suite, modules, helped, amplify):
	"""The outcome of each test, in a network namespace of its own, and how many binds were turned into wildcard ones."""
	read_end, write_end = os.pipe()
	child = os.fork()
	if not child:
		os.close(read_end)
		namespaces.leave_network()
		namespaces.ip('link set lo up')
		with tempfile.TemporaryDirectory() as directory, os.fdopen(write_end, 'w') as file:
			count = os.path.join(directory, 'amplified')
			outcomes = suite(modules, os.path.join(directory, 'output'), cwd=directory,
				env=environment(helped, amplify and count))
			lines = open(count).read().split() if os.path.exists(count) else []
			json.dump([outcomes, sum(map(int, lines))], file)
			file.flush()
		os._exit(0)
	os.close(write_end)
	with os.fdopen(read_end) as file:
		text = file.read()
	os.waitpid(child, 0)
	return json.loads(text) if text else ({}, 0)


def compare(title, suite, modules, amplify):
	plain, helped = {}, {}
	for _ in range(ATTEMPTS):
		for kept, with_library in ((plain, False), (helped, True)):
			outcomes, amplified = run(suite, modules, with_library, amplify)
			for name, outcome in outcomes.items():
				kept.setdefault(name, set()).add(outcome)
		# What ended in more than one way without the library may do so with it.
		different = [name for name in plain.keys() | helped.keys() if not helped.get(name, set()) <= plain.get(name, {'none'})
			or name not in helped]
		if not different:
			break
	remarks = [f'{name}: without the library {plain.get(name)}, with it {helped.get(name)}' for name in sorted(different)]
	counts = f'{len(plain)} tests, {sum(ends == {"ok"} for ends in plain.values())} ok'
	tap.check(plain and not different, f'{title}: {counts}' + (f', {amplified} wildcard binds' if amplify else ''), *remarks)
	if amplify:
		tap.check(amplified, f'{title}: the amplifier is at work')


def is_there(modules):
	"""Are they all there to be imported?"""
	return not subprocess.run([PYTHON, '-c', f'import {", ".join(modules)}'], stderr=subprocess.DEVNULL,
		env=environment(False, None)).returncode


def install(packages):
	if os.geteuid() == 0:
		subprocess.run(['apt-get', 'install', '-qy', '--no-install-recommends', *packages.split()], stdout=subprocess.DEVNULL,
			stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env={**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'})


def main():
	for suite, table in ((run_unittest, UNITTEST), (run_pytest, PYTEST)):
		for title, (packages, modules) in table.items():
			needed = ['.'.join(modules[0].split('.')[:2])] + ['pytest'] * (suite is run_pytest)
			if not is_there(needed):
				install(packages)
			if not is_there(needed):
				tap.unavailable(title, f'{packages}: not installed')
				continue
			compare(title, suite, modules, False)
			compare(f'{title}, amplified', suite, modules, True)
	tap.finish()


main()
