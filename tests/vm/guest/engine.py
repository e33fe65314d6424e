#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The second engine with systemd: units that run already, the unit that attaches to them, and a restart meanwhile."""
import subprocess

import machine
import tap
from machine import HERE, Service, lab

ECHO = 6100
UNIT = 'running.service'
HELPER = 'replyfrom-attach@running.service'


def is_echo(answer, request):
	return answer == request


def main():
	machine.install_packages()
	here = lab.Lab(own=False)
	if lack := machine.lacks_engine():
		tap.unsupported('the second engine', lack)
		tap.finish()
	subprocess.run(['cp', f'{HERE}/echo.py', '/opt/echo.py'], check=True)
	with open(f'/etc/systemd/system/{UNIT}', 'w') as file:
		file.write(f'[Service]\nExecStart=/usr/bin/python3 -I -S /opt/echo.py {ECHO}\nDynamicUser=yes\nNoNewPrivileges=yes\n')
	service = Service(UNIT, ECHO, b'echo', is_echo)
	machine.restart('running', UNIT, ECHO)
	machine.wrong('as it runs', here, service)

	attached = machine.Attached('a unit', UNIT)
	machine.right('attached', here, service)
	machine.contains('--status names the unit', UNIT, 'replyfrom', '--status', '--all')
	attached.detach()
	machine.wrong('detached', here, service)

	machine.succeeds(f'{HELPER} starts', 'systemctl', 'start', HELPER)
	machine.right(f'with {HELPER}', here, service)
	machine.restart('running', UNIT, ECHO)
	tap.check(machine.becomes_active(HELPER), f'{HELPER} runs after a restart of the service',
		*machine.run('systemctl', 'status', '--no-pager', HELPER))
	machine.right(f'with {HELPER}, after a restart of the service', here, service)
	machine.succeeds(f'{HELPER} stops', 'systemctl', 'stop', HELPER)
	machine.wrong(f'without {HELPER}', here, service)
	tap.finish()


main()
