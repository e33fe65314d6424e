#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Debian's services, and units with settings that could get in the way: wrong, right with the drop-in, undone."""
import os
import subprocess

import machine
import questions
import tap
from machine import HERE, Service, lab

ECHO = 6100


def write(path, text):
	os.makedirs(os.path.dirname(path), exist_ok=True)
	with open(path, 'w') as file:
		file.write(text)


def is_echo(answer, request):
	return answer == request


def echo_unit(name, *settings, socket=None):
	"""A unit that runs echo.py with these settings; with `socket`, on a socket of systemd's with those."""
	if socket is not None:
		write(f'/etc/systemd/system/{name}.socket', '\n'.join(['[Socket]', f'ListenDatagram=[::]:{ECHO}', 'BindIPv6Only=both', *socket, '']))
	write(f'/etc/systemd/system/{name}.service',
		'\n'.join(['[Service]', f'ExecStart=/usr/bin/python3 -I -S /opt/echo.py {ECHO}', *settings, '']))
	return Service(f'{name}.service', ECHO, b'echo', is_echo)


def libraries_of(path):
	"""What the loader maps for a program, as settings name it."""
	words = subprocess.run(['ldd', path], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
	return ' '.join(word for word in words if word.startswith('/'))


def try_debian(here):
	write('/srv/tftp/file', 'content')
	write('/etc/default/tftpd-hpa', 'TFTP_USERNAME="tftp"\nTFTP_DIRECTORY="/srv/tftp"\nTFTP_ADDRESS=":69"\nTFTP_OPTIONS="--secure"\n')
	write('/etc/snmp/snmpd.conf', 'agentaddress udp:161,udp6:161\nrocommunity public default\nrocommunity6 public default\n')
	write('/etc/memcached.conf', '-m 16\n-p 0\n-U 11211\n-u memcache\n-l 0.0.0.0,::\n')
	write('/etc/unbound/unbound.conf', '''server:
  interface: 0.0.0.0
  interface: ::0
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  local-zone: "example.org." static
  local-data: "www.example.org. A 192.0.2.80"
  module-config: "iterator"
''')
	write('/etc/kamailio/kamailio.cfg', '''#!KAMAILIO
children=1
log_stderror=no
listen=udp:0.0.0.0:5060
disable_tcp=yes
loadmodule "sl.so"
request_route { sl_send_reply("200", "OK"); }
''')
	memcached = Service('memcached.service', 11211, b'\0\1\0\0\0\1\0\0version\r\n', lambda answer, _: b'VERSION' in answer)
	services = [
		Service('tftpd-hpa.service', 69, questions.tftp('file'), questions.is_tftp_block),
		Service('snmpd.service', 161, questions.snmp, questions.is_snmp_answer),
		memcached,
		Service('unbound.service', 53, questions.dns('www.example.org'), questions.is_dns_answer),
		Service('kamailio.service', 5060, questions.sip(), questions.is_sip_answer, lab.IPV4),
	]
	for service in services:
		machine.try_service(here, service)
		if service is memcached:     # a wrapper in Perl starts it
			with open(f'/etc/systemd/system/{service.unit}.d/replyfrom.conf') as file:
				text = file.read()
			tap.check('/usr/bin/memcached can be helped' in text, "memcached: the drop-in has the server's verdict, not only perl's", text)
		if service.unit.startswith('unbound'):
			with open(f'/proc/{machine.properties(service.unit, "MainPID")}/attr/current') as profile:
				tap.check('(enforce)' in profile.read(), 'unbound: AppArmor enforces its profile')
		machine.undo(here, service)


def try_settings(here):
	subprocess.run(['cp', f'{HERE}/echo.py', '/opt/echo.py'], check=True)
	units = [
		echo_unit('dynamic', 'DynamicUser=yes'),
		echo_unit('hardened', 'DynamicUser=yes', 'ProtectSystem=strict', 'ProtectHome=yes', 'PrivateTmp=yes', 'PrivateDevices=yes',
			'NoNewPrivileges=yes', 'SystemCallFilter=@system-service', 'MemoryDenyWriteExecute=yes', 'CapabilityBoundingSet=',
			'RestrictAddressFamilies=AF_INET AF_INET6', 'RestrictNamespaces=yes', 'LockPersonality=yes', 'SystemCallArchitectures=native'),
		echo_unit('noexec', 'NoExecPaths=/', f'ExecPaths=/usr/bin {libraries_of("/usr/bin/python3")}'),
		echo_unit('activated', socket=[]),
		echo_unit('packetinfo', socket=['PassPacketInfo=yes']),
	]
	for service in units:
		name = service.unit.removesuffix('.service')
		socket = f'{name}.socket'
		has_socket = os.path.exists(f'/etc/systemd/system/{socket}')
		if has_socket:
			machine.run('systemctl', 'daemon-reload')
			machine.run('systemctl', 'start', socket)
		machine.try_service(here, service)
		machine.undo(here, service)
		if has_socket:
			machine.run('systemctl', 'stop', socket)


def try_environment_file(here):
	"""A file that overrides the drop-in: refused, and well without that line."""
	service = echo_unit('overridden', 'EnvironmentFile=/etc/overridden.env')
	write('/etc/overridden.env', f'LD_PRELOAD={libraries_of("/usr/bin/python3").split()[0]}\n')
	machine.run('systemctl', 'daemon-reload')
	machine.contains('overridden: --unit --install refuses', 'EnvironmentFile=/etc/overridden.env sets LD_PRELOAD', 'replyfrom', '--unit',
		'--install', service.unit)
	tap.check(not os.path.exists(f'/etc/systemd/system/{service.unit}.d'), 'overridden: nothing is written')
	write('/etc/overridden.env', 'LANG=C\n')
	machine.try_service(here, service)
	machine.undo(here, service)


def try_capable(here):
	"""A service's user may not examine it if it has capabilities that the user has not."""
	service = echo_unit('capable', 'User=nobody', 'AmbientCapabilities=CAP_NET_BIND_SERVICE')
	machine.try_service(here, service)
	machine.contains('capable: --status for its user', 'be root', 'setpriv', '--reuid=nobody', '--clear-groups', 'replyfrom', '--status',
		machine.pids(service.unit)[0])
	machine.undo(here, service)


def main():
	machine.install_packages()
	here = lab.Lab(own=False)
	try_debian(here)
	try_settings(here)
	try_environment_file(here)
	try_capable(here)
	tap.finish()


main()
