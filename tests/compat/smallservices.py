# SPDX-License-Identifier: MIT
"""TFTP, NTP, SNMP, RPC."""
from stock import IPV4

from conversation import transfer
from questions import (is_ntp_answer, is_rpc_answer, is_snmp_answer, is_tftp_block, ntp, rpc, snmp, snmp_inform, tftp)
from stock import Stock

SNMPD = '''rocommunity public default
rocommunity6 public default
agentAddress udp:161,udp6:161
'''
SNMPTRAPD = 'disableAuthorization yes\n'
# The clock is out of reach of all programs here (isolation.py); these say so themselves too, where they can.
NTPSEC = 'disable ntp\nserver 127.127.1.0\n'
CHRONY = 'allow\nlocal stratum 10\ncmdport 0\nbindcmdaddress /\npidfile @DIR@/pid\n'
# Services of RPC register with rpcbind before they serve.
AFTER_RPCBIND = '''#!/bin/sh
/usr/sbin/rpcbind -f &
until grep -q ':006F ' /proc/net/udp; do :; done
exec "$@"
'''


def tftpd(name, package, *argv, **settings):
	return Stock(name, package, argv, port=69, request=tftp('file'), is_answer=is_tftp_block, talk=transfer,
		files=(('tftp/file', 'a line\n' * 200),), **settings)


def timekeeper(name, package, *argv, **settings):
	return Stock(name, package, argv, port=123, request=ntp, is_answer=is_ntp_answer, **settings)


def rpc_service(name, package, program, version, *argv, **settings):
	return Stock(name, package, argv, request=rpc(program, version), is_answer=is_rpc_answer, **settings)


ROWS = (
	tftpd('tftpd-hpa', 'tftpd-hpa', 'in.tftpd', '-L', '-u', 'root', '-s', '@DIR@/tftp'),
	tftpd('tftpd-hpa, first request', 'tftpd-hpa', 'in.tftpd', '-L', '-u', 'root', '-s', '@DIR@/tftp', once=True),
	tftpd('tftpd-hpa -4', 'tftpd-hpa', 'in.tftpd', '-4', '-L', '-u', 'root', '-s', '-a', '0.0.0.0:69', '@DIR@/tftp', destinations=IPV4),
	tftpd('atftpd', 'atftpd', 'atftpd', '--daemon', '--no-fork', '--user', 'root.root', '--port', '69', '--logfile', '-', '@DIR@/tftp',
		unpack=True, destinations=IPV4),
	timekeeper('ntpsec', 'ntpsec', 'ntpd', '-n', '-c', '@DIR@/ntp.conf', files=(('ntp.conf', NTPSEC),)),
	timekeeper('chrony', 'chrony', 'chronyd', '-d', '-x', '-u', 'root', '-f', '@DIR@/chrony.conf', unpack=True, files=(('chrony.conf', CHRONY),)),
	timekeeper('openntpd', 'openntpd', 'ntpd', '-d', '-f', '@DIR@/ntpd.conf', '-p', '@DIR@/drift', unpack=True,
		folders=('/run/openntpd', '/var/lib/openntpd/run', '/var/lib/openntpd/db', '/var/empty'), files=(('ntpd.conf', 'listen on *\n'),)),
	Stock('snmpd', 'snmpd', ('snmpd', '-f', '-Lo', '-C', '-c', '@DIR@/snmpd.conf', '-p', '@DIR@/pid'), port=161, request=snmp,
		is_answer=is_snmp_answer, files=(('snmpd.conf', SNMPD),)),
	Stock('snmptrapd', 'snmptrapd', ('snmptrapd', '-f', '-Lo', '-C', '-c', '@DIR@/snmptrapd.conf', '-p', '@DIR@/pid', 'udp:162', 'udp6:162'),
		port=162, request=snmp_inform, is_answer=is_snmp_answer, files=(('snmptrapd.conf', SNMPTRAPD),)),
	rpc_service('rpcbind', 'rpcbind', 100000, 2, 'rpcbind', '-f', port=111, folders=('/run/rpcbind',)),
	rpc_service('rpc.statd', 'nfs-common', 100024, 1, '/bin/sh', '@DIR@/start', '/sbin/rpc.statd', '-F', '-L', '-p', '4000', '-P', '@DIR@',
		port=4000, needs=('rpcbind',), folders=('/run/rpcbind', 'sm', 'sm.bak'), files=(('start', AFTER_RPCBIND), ('state', b'\0\0\0\1'))),
	rpc_service('ypserv', 'ypserv', 100004, 2, '/bin/sh', '@DIR@/start', '/usr/sbin/ypserv', '--foreground', '-p', '834', port=834,
		needs=('rpcbind',), folders=('/run/rpcbind',), files=(('start', AFTER_RPCBIND),), destinations=IPV4),
)
