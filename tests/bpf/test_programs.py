# SPDX-License-Identifier: MIT
"""Programs that no preload reaches: static ones, Go, setuid, file capabilities, io_uring, caddy."""
import os
import shutil
import subprocess

import engine
import lab
import tap
from cases import Server, echo, run
from lab import IPV4, IPV6

NOBODY = 65534
NO_URING = 77


def static_servers(workshop):
	"""The test server, linked statically: (path, None) or (None, reason)."""
	return workshop.compile('static', engine.server_sources(), '-static')


def test_static(network, static):
	run(network, (
		Server('static, IPv4', (static, '-4', 'recvfrom/sendto', str(lab.PORT)), IPV4, echo),
		Server('static, dual-stack', (static, '-D', 'recvmmsg/sendmmsg', str(lab.PORT)), IPV6 + IPV4, echo),
		Server('static, a child answers', (static, '-6', 'fork-each', str(lab.PORT)), IPV6, echo),
		Server('static, fresh socket', (static, '-4', 'fresh-sendto', str(lab.PORT)), IPV4[:2], echo),
		Server('static, fresh socket connects', (static, '-6', 'fresh-connect', str(lab.PORT)), IPV6[:1], echo),
		Server('static, connects', (static, '-4', 'connect-recv-send', str(lab.PORT)), IPV4[:2], echo, True, 3),
		Server('static, connects, IPv6', (static, '-6', 'connect-recv-send', str(lab.PORT)), IPV6[:3], echo, True, 3),
		Server('static, a new socket on the port connects', (static, '-4', 'fresh-same-port', str(lab.PORT)), IPV4[:2],
			echo, True, 1),
	))


def test_privileged(network, workshop, static):
	"""Programs that the dynamic loader starts without any preload; and another user starts them."""
	if not shutil.which('setpriv') or not shutil.which('setcap'):
		tap.unavailable('setuid programs', 'setpriv or setcap is not installed')
		return
	as_nobody = ('setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups')
	setuid = workshop.copy(static, 'setuid')
	os.chmod(setuid, 0o4755)
	capable = workshop.copy(static, 'capable')
	subprocess.run(['setcap', 'cap_net_bind_service=ep', capable], check=True)
	run(network, (
		Server('setuid, started by nobody', (*as_nobody, setuid, '-4', 'recvfrom/sendto', str(lab.PORT)), IPV4[:2], echo),
		Server('setuid, connects', (*as_nobody, setuid, '-4', 'connect-recv-send', str(lab.PORT)), IPV4[:1], echo, True, 3),
		Server('nobody, connects', (*as_nobody, static, '-4', 'connect-recv-send', str(lab.PORT)), IPV4[:1], echo, True, 3),
		Server('file capabilities', (*as_nobody, capable, '-4', 'recvfrom/sendto', str(lab.PORT)), IPV4[:2], echo),
	))


def test_uring(network, workshop):
	uring, reason = workshop.compile('uring', [f'{engine.TESTS}/bpf/uring.c'], '-luring')
	if not uring:
		tap.unavailable('io_uring', reason)
	elif subprocess.run([uring]).returncode == NO_URING:
		tap.unsupported('io_uring', 'this kernel has none, or allows none')
	else:
		run(engine.WithFreePort(network), (Server('io_uring', (uring, str(lab.PORT)), IPV6[:3] + IPV4[:2], echo),))


def test_go(network, workshop):
	if not shutil.which('go'):
		tap.unavailable('Go', 'go is not installed')
		return
	path = f'{workshop.path}/goecho'
	made = subprocess.run(['go', 'build', '-o', path, f'{engine.TESTS}/bpf/goecho.go'], capture_output=True, text=True,
		env={**os.environ, 'GO111MODULE': 'off', 'CGO_ENABLED': '0', 'GOCACHE': f'{workshop.path}/cache', 'GOFLAGS': ''})
	if made.returncode:
		tap.unavailable('Go', made.stderr.strip())
		return
	run(network, (
		Server('Go udp4', (path, 'udp4', str(lab.PORT)), IPV4, echo),
		Server('Go udp', (path, 'udp', str(lab.PORT)), IPV6 + IPV4, echo),
		Server('Go dials back', (path, 'udp', str(lab.PORT), 'dial'), IPV6[:1] + IPV4[:1], echo, True, 1),
	))


def ask_quic(_program, client, _payload, patience):
	"""A QUIC packet of a version that nobody speaks: the answer lists those of the server (RFC 9000, section 6)."""
	client.send(b'\xc0\x1a\x2a\x3a\x4a\x08destinat\x08sourceid' + bytes(1178))
	answer = client.receive(patience)
	return answer and answer[1]


def test_caddy(network, workshop):
	if not shutil.which('caddy') or not shutil.which('openssl'):
		tap.unavailable('caddy', 'caddy or openssl is not installed')
		return
	key, certificate, config = (f'{workshop.path}/{name}' for name in ('key.pem', 'cert.pem', 'Caddyfile'))
	subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
		'-days', '2', '-subj', '/CN=example.org', '-keyout', key, '-out', certificate], check=True, capture_output=True)
	with open(config, 'w') as file:
		file.write('{\n admin off\n auto_https off\n skip_install_trust\n}\n'
			f'https://:{lab.PORT} {{\n tls {certificate} {key}\n respond "hello"\n}}\n')
	home = f'HOME={workshop.path}', f'XDG_DATA_HOME={workshop.path}', f'XDG_CONFIG_HOME={workshop.path}'
	run(network, (Server('caddy (QUIC)', ('env', *home, 'caddy', 'run', '--config', config, '--adapter', 'caddyfile'),
		IPV6[:3] + IPV4[:2], ask_quic),))


def test(network):
	workshop = engine.Workshop()
	static, reason = static_servers(workshop)
	if static:
		test_static(network, static)
		test_privileged(network, workshop, static)
	else:
		tap.unavailable('static programs', reason)
	test_uring(network, workshop)
	test_go(network, workshop)
	test_caddy(network, workshop)


engine.require()
lab.main(test)
