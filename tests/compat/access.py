# SPDX-License-Identifier: MIT
"""RADIUS and Kerberos."""
import hashlib
import hmac
import struct

from questions import SECRET, is_kerberos_answer, is_radius_answer, kerberos, kpasswd, radius, radius_access
from stock import Stock

FREERADIUS = '''prefix = /usr
logdir = @DIR@
run_dir = @DIR@
libdir = /usr/lib/freeradius
security {
	status_server = yes
	reject_delay = 0
	allow_vulnerable_openssl = yes
}
modules {
	pap {
	}
}
client v4 {
	ipaddr = 0.0.0.0/0
	secret = replyfrom
}
client v6 {
	ipv6addr = ::/0
	secret = replyfrom
}
server default {
	listen {
		type = auth
		ipaddr = *
		port = 1812
	}
	listen {
		type = auth
		ipv6addr = ::
		port = 1812
	}
	authorize {
		pap
	}
	authenticate {
	}
}
thread pool {
	start_servers = 2
	max_servers = 4
}
'''
RADSECPROXY = '''ListenUDP *:1812
client v4 {
	host 0.0.0.0/0
	type udp
	secret replyfrom
}
client v6 {
	host [::]/0
	type udp
	secret replyfrom
}
realm * {
	replymessage "no"
}
'''
HOSTAPD = '''driver=none
interface=lo
eap_server=1
eap_user_file=@DIR@/users
radius_server_clients=@DIR@/clients
radius_server_auth_port=1812
radius_server_ipv6=%d
'''
KRB5_CONF = '''[libdefaults]
	default_realm = EXAMPLE.COM
	dns_lookup_kdc = false
	dns_canonicalize_hostname = false
[realms]
	EXAMPLE.COM = {
		kdc = 127.0.0.1
		admin_server = 127.0.0.1
	}
'''
KDC_CONF = '''[kdcdefaults]
	kdc_listen = 88
[realms]
	EXAMPLE.COM = {
		database_name = @DIR@/principal
		key_stash_file = @DIR@/stash
		acl_file = @DIR@/acl
	}
'''
KERBEROS = {
	'files': (('krb5.conf', KRB5_CONF), ('kdc.conf', KDC_CONF), ('acl', '')),
	'environment': (('KRB5_CONFIG', '@DIR@/krb5.conf'), ('KRB5_KDC_PROFILE', '@DIR@/kdc.conf')),
	'before': (('/usr/sbin/kdb5_util', 'create', '-s', '-r', 'EXAMPLE.COM', '-P', 'replyfrom'),),
}


def _eap(number, _):
	"""An Access-Request with an EAP identity and a Message-Authenticator (RFC 3579)."""
	attributes = b'\1\x08nobody' + b'\x4f\x0d' + b'\2' + bytes([number]) + b'\0\x0b\1nobody' + b'\4\6\xc0\0\2\x64' + b'\x50\x12' + bytes(16)
	packet = struct.pack('!BBH', 1, number + 1, 20 + len(attributes)) + bytes([number]) * 16 + attributes
	return packet[:-16] + hmac.new(SECRET, packet, hashlib.md5).digest()


def _is_challenge(answer, request):
	return answer[0] in (2, 3, 11) and answer[1] == request[1]


def server(name, package, *argv, **settings):
	return Stock(name, package, argv, port=1812, is_answer=is_radius_answer, **settings)


ROWS = (
	server('freeradius', 'freeradius', 'freeradius', '-f', '-l', 'stdout', '-d', '@DIR@', '-D', '/usr/share/freeradius', request=radius,
		files=(('radiusd.conf', FREERADIUS),)),
	server('freeradius, rejecting', 'freeradius', 'freeradius', '-f', '-l', 'stdout', '-d', '@DIR@', '-D', '/usr/share/freeradius',
		request=radius_access, files=(('radiusd.conf', FREERADIUS),)),
	server('radsecproxy', 'radsecproxy', 'radsecproxy', '-f', '-c', '@DIR@/radsecproxy.conf', request=radius,
		files=(('radsecproxy.conf', RADSECPROXY),)),
	server('radsecproxy, rejecting', 'radsecproxy', 'radsecproxy', '-f', '-c', '@DIR@/radsecproxy.conf', request=radius_access,
		files=(('radsecproxy.conf', RADSECPROXY),)),
	Stock('hostapd', 'hostapd', ('hostapd', '@DIR@/hostapd.conf'), port=1812, request=_eap, is_answer=_is_challenge,
		files=(('hostapd.conf', HOSTAPD % 1), ('users', '"nobody" MD5 "replyfrom"\n'), ('clients', '0.0.0.0/0 replyfrom\n::/0 replyfrom\n'))),
	Stock('krb5kdc', 'krb5-kdc', ('krb5kdc', '-n', '-P', '@DIR@/pid'), port=88, request=kerberos, is_answer=is_kerberos_answer, **KERBEROS),
	Stock('kadmind kpasswd', 'krb5-admin-server', ('kadmind', '-nofork', '-P', '@DIR@/pid'), port=464, request=kpasswd,
		is_answer=lambda answer, _: len(answer) > 6, needs=('krb5-kdc',), **KERBEROS),
)
