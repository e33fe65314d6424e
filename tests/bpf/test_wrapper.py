# SPDX-License-Identifier: MIT
"""The wrapper and the second engine: it starts that where the library cannot work, and attaches it to running servers."""
import json
import os
import shutil
import subprocess

import engine
import lab
import program
import tap
from cases import Server, chat, echo, run
from lab import IPV4, IPV6
from program import WRAPPER

SECONDARY = lab.SECONDARY
NO_URING = 77
# The wrapper starts programs here, and refuses variables that are no settings.
for name in ('REPLYFROM_TEST_RUNNER', 'REPLYFROM_TEST_DEADLINE'):
	os.environ.pop(name, None)


def wrapper(*arguments, **options):
	return subprocess.run([WRAPPER, *map(str, arguments)], capture_output=True, text=True, **options)


def runner(*options):
	"""What the lab starts a helped program with."""
	program.RUNNER[:] = [WRAPPER, *options, '--']


def ask(network, destination=SECONDARY):
	with network.client(destination) as client:
		return client.ask(b'hello')


def test_auto(network, workshop, static):
	runner()
	run(network, (
		Server('replyfrom, static', (static, '-4', 'recvfrom/sendto', str(lab.PORT)), IPV4[:2], echo),
		Server('replyfrom, static, IPv6', (static, '-6', 'recvmmsg/sendmmsg', str(lab.PORT)), IPV6[:2], echo),
		Server('replyfrom, static, connects', (static, '-4', 'connect-recv-send', str(lab.PORT)), IPV4[:1], echo, True, 3),
	))
	uring, reason = workshop.compile('uring', [f'{engine.TESTS}/bpf/uring.c'], '-luring')
	if not uring:
		tap.unavailable('replyfrom, io_uring', reason)
	elif subprocess.run([uring]).returncode == NO_URING:
		tap.unsupported('replyfrom, io_uring', 'this kernel has none, or allows none')
	else:
		run(engine.WithFreePort(network), (Server('replyfrom, io_uring', (uring, str(lab.PORT)), IPV4[:1], echo),))


def test_forced(network):
	runner('--engine', 'bpf')
	nc = shutil.which('nc.openbsd') or 'nc'
	run(network, (Server('replyfrom --engine bpf nc', (nc, '-u', '-l', str(lab.PORT)), IPV4[:2], chat, True),))


def test_no_connect(network, static):
	"""The answers of a server that connects leave from the kernel's choice then, as without replyfrom."""
	runner('--no-connect')
	with engine.WithFreePort(network).start((static, '-4', 'connect-recv-send', str(lab.PORT)), True):
		source = ask(network)
	tap.check(source == lab.PRIMARY.address, 'replyfrom --no-connect leaves connect() alone', source)


def test_start(static):
	"""Whatever the program gets is its own: the process, its streams, its status; and one engine is enough."""
	script = 'echo $$ ${LD_PRELOAD-none}; read line; echo "$line"; kill -TERM $$'
	process = subprocess.Popen([WRAPPER, '--engine', 'bpf', 'sh', '-c', script], stdin=subprocess.PIPE,
		stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
	shown, errors = process.communicate('a line\n', lab.DEADLINE)
	tap.check((shown, errors, process.returncode) == (f'{process.pid} none\na line\n', '', -15),
		'process id, streams and signals are the program\'s own', shown, errors, process.returncode)
	inner = wrapper(WRAPPER, '--engine', 'bpf', 'sh', '-c', 'echo ${LD_PRELOAD-none}; grep -c libreplyfrom /proc/$$/maps; exit 7',
		env={**os.environ, 'LD_PRELOAD': 'libc.so.6'})
	tap.check((inner.stdout, inner.returncode) == ('libc.so.6\n0\n', 7), 'the library goes, what else is preloaded stays',
		inner.stdout, inner.stderr, inner.returncode)
	check = wrapper('--check', static)
	tap.check(check.returncode == 0 and check.stdout.endswith('; engine: bpf\n'), '--check names the engine', check.stdout)
	if not shutil.which('setpriv'):
		tap.unavailable('without the rights', 'setpriv is not installed')
		return
	refused = subprocess.run(['setpriv', '--bounding-set', '-sys_admin,-net_admin', WRAPPER, static],
		capture_output=True, text=True)
	tap.check(refused.returncode == 125 and refused.stderr.count('\n') == 1 and 'statically linked' in refused.stderr
		and 'CAP_NET_ADMIN is missing' in refused.stderr, 'without the rights: both reasons in one line', refused.stderr)


def test_attach(network, static):
	with engine.cgroup() as folder, \
			network.start(engine.inside(folder, static, '-4', 'recvfrom/sendto', str(lab.PORT)), False) as server:
		before = ask(network)
		attached = subprocess.Popen([WRAPPER, '--log', 'info', '--attach', str(server.pid)], stderr=subprocess.PIPE, text=True)
		try:
			line = attached.stderr.readline()
			during = ask(network)
			shown = wrapper('--status', '--all')
			described = json.loads(wrapper('--status', '--json', '--all').stdout)
			of_process = wrapper('--status', server.pid), wrapper('--status', os.getpid())
			of_process_json = json.loads(wrapper('--status', '--json', server.pid).stdout)
			scanned = [each for each in json.loads(wrapper('--scan', '--json').stdout)['servers'] if each['port'] == lab.PORT]
			detached = wrapper('--detach', server.pid)
			status = attached.wait(lab.DEADLINE)
		finally:
			attached.kill()
			attached.wait()
			attached.stderr.close()
		after = ask(network)
	tap.check((before, during, after) == (lab.PRIMARY.address, SECONDARY.address, lab.PRIMARY.address) and not status
		and not detached.returncode, '--attach PID helps a running server until --detach PID', before, during, after, line,
		status, detached.stderr)
	name = os.path.basename(folder)
	tap.check(name in shown.stdout, '--status --all shows the attachment', shown.stdout, shown.stderr)
	tap.check(of_process[0].returncode == 0 and name in of_process[0].stdout and name not in of_process[1].stdout,
		'--status PID shows the attachment of its cgroup, and of no other', *of_process)
	tap.check([each['note'] for each in of_process_json[0]['notes']].count('bpf') == 1
		and [name in each['cgroup'] for each in of_process_json[-1]['engines']] == [True], '--status --json PID does, too',
		of_process_json)
	tap.check([(each['state'], each['attach']) for each in scanned] == [('bpf', False)], '--scan knows that the server is helped',
		scanned)
	engines = [entry for each in described for entry in each.get('engines', ())]
	tap.check([each['mode'] for each in engines if name in each['cgroup']] == ['attach'],
		'--status --json --all does, too', described)


def test(network):
	workshop = engine.Workshop()
	test_forced(network)
	static, reason = workshop.compile('static', engine.server_sources(), '-static')
	if not static:
		tap.unavailable('static programs', reason)
		return
	test_auto(network, workshop, static)
	test_no_connect(network, static)
	test_start(static)
	test_attach(network, static)


engine.require()
lab.main(test)
