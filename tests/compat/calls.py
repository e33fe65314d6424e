# SPDX-License-Identifier: MIT
"""VPN, VoIP, CoAP, QUIC."""
import os
import struct

from lab import FIRST6, LOOPBACK, NEWEST6, ON_LO, ON_LO6, PRIMARY, SECONDARY

from conversation import with_client
from questions import is_quic_negotiation, is_sip_answer, is_stun_answer, quic, sip, stun
from stock import IPV4, Stock

CERTIFICATE = (('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', '@DIR@/key.pem', '-out', '@DIR@/cert.pem', '-days', '30',
	'-subj', '/CN=example.com'),)
OPENVPN = ('openvpn', '--mode', 'server', '--tls-server', '--dev', 'tun', '--topology', 'subnet', '--server', '203.0.113.0',
	'255.255.255.0', '--ca', '@DIR@/cert.pem', '--cert', '@DIR@/cert.pem', '--key', '@DIR@/key.pem', '--dh', 'none', '--port', '1194')
KAMAILIO = '''children=2
disable_tcp=yes
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
loadmodule "sl.so"
listen=udp:0.0.0.0:5060
request_route {
	%s
	sl_send_reply("200", "OK");
}
'''
CADDYFILE = '''{
	admin off
	auto_https off
	skip_install_trust
}
https://:8443 {
	tls @DIR@/cert.pem @DIR@/key.pem
	respond "x"
}
'''
XL2TPD = '''[global]
port = 1701
access control = no
[lns default]
ip range = 203.0.113.2-203.0.113.9
local ip = 203.0.113.1
'''
DTLS = ('openssl', 's_server', '-dtls', '-accept', '5000', '-cert', '@DIR@/cert.pem', '-key', '@DIR@/key.pem', '-quiet')
ROUTED = (SECONDARY, ON_LO, PRIMARY, LOOPBACK, FIRST6, NEWEST6, ON_LO6)
ROUTED4 = (SECONDARY, ON_LO, PRIMARY, LOOPBACK)
GO = 'a Go program: it calls the kernel without libc, and replyfrom says so'


def _hard_reset(number, _):
	"""P_CONTROL_HARD_RESET_CLIENT_V2 (OpenVPN's wire protocol)."""
	return b'\x38' + b'replyfr' + bytes([number]) + b'\0' + bytes(4)


def _is_hard_reset(answer, request):
	return answer[0] >> 3 == 8 and request[1:9] in answer


def _sccrq(number, _):
	"""L2TP: a start of a control connection (RFC 2661, section 6.1)."""
	def avp(kind, value):
		return struct.pack('!HHH', 0x8000 | 6 + len(value), 0, kind) + value
	body = (avp(0, b'\0\1') + avp(2, b'\1\0') + avp(3, bytes(4)) + avp(4, bytes(4)) + avp(7, b'replyfrom') + avp(10, b'\0\4') +
		avp(9, struct.pack('!H', int.from_bytes(os.urandom(2), 'big') | 1)))
	return struct.pack('!HHHHHH', 0xc802, 12 + len(body), 0, 0, 0, 0) + body


def _is_control(answer, _):
	return answer[:2] == b'\xc8\x02' and len(answer) > 12


def _ng_ping(number, _):
	"""rtpengine's control protocol: a cookie and a bencoded command."""
	return b'%d d7:command4:pinge' % number


def _is_pong(answer, request):
	return answer.split()[0] == request.split()[0] and b'pong' in answer


def _mumble_ping(number, _):
	return bytes(4) + b'replyfr' + bytes([number])


def _is_mumble_pong(answer, request):
	return len(answer) == 24 and answer[4:12] == request[4:]


def _coap(number, _):
	"""GET / (RFC 7252)."""
	return b'\x40\1\x72' + bytes([number])


def _is_coap_answer(answer, request):
	return answer[2:4] == request[2:4]


def _ike(number, _):
	"""IKE_SA_INIT (RFC 7296) with a proposal, an empty key exchange of a group and a nonce."""
	def transform(last, kind, name, attributes=b''):
		return struct.pack('!BBHBBH', 0 if last else 3, 0, 8 + len(attributes), kind, 0, name) + attributes
	transforms = transform(0, 1, 12, b'\x80\x0e\0\x80') + transform(0, 2, 5) + transform(0, 3, 12) + transform(1, 4, 14)
	proposal = struct.pack('!BBHBBBB', 0, 0, 8 + len(transforms), 1, 1, 0, 4) + transforms
	body = (struct.pack('!BBH', 34, 0, 4 + len(proposal)) + proposal + struct.pack('!BBHHH', 40, 0, 264, 14, 0) + b'k' * 256 +
		struct.pack('!BBH', 0, 0, 36) + b'n' * 32)
	return b'replyfr' + bytes([number]) + bytes(8) + struct.pack('!BBBBII', 33, 0x20, 34, 8, 0, 28 + len(body)) + body


def _is_ike_answer(answer, request):
	return answer[:8] == request[:8] and answer[19] & 0x20


def _invite(number, destination):
	"""What sipp's own scenario of a called party waits for."""
	return (sip()(number, destination).replace(b'OPTIONS', b'INVITE'))


ROWS = (
	Stock('openvpn --proto udp4', 'openvpn', (*OPENVPN, '--proto', 'udp4'), port=1194, request=_hard_reset, is_answer=_is_hard_reset, flow=1,
		before=CERTIFICATE, destinations=IPV4),
	Stock('openvpn --proto udp6', 'openvpn', (*OPENVPN, '--proto', 'udp6'), port=1194, request=_hard_reset, is_answer=_is_hard_reset, flow=1,
		before=CERTIFICATE),
	Stock('openvpn --multihome', 'openvpn', (*OPENVPN, '--proto', 'udp6', '--multihome'), port=1194, request=_hard_reset,
		is_answer=_is_hard_reset, flow=1, before=CERTIFICATE),
	Stock('xl2tpd', 'xl2tpd', ('xl2tpd', '-D', '-c', '@DIR@/xl2tpd.conf', '-p', '@DIR@/pid', '-C', '@DIR@/control'), port=1701, request=_sccrq,
		is_answer=_is_control, destinations=IPV4, flow=1, files=(('xl2tpd.conf', XL2TPD),)),
	Stock('kamailio', 'kamailio', ('kamailio', '-DD', '-E', '-f', '@DIR@/kamailio.cfg', '-Y', '@DIR@', '-m', '16', '-M', '8'), port=5060,
		request=sip(), is_answer=is_sip_answer, files=(('kamailio.cfg', KAMAILIO % 'force_rport();'),), destinations=IPV4),
	Stock('kamailio, port of Via', 'kamailio', ('kamailio', '-DD', '-E', '-f', '@DIR@/kamailio.cfg', '-Y', '@DIR@', '-m', '16', '-M', '8'),
		port=5060, client_port=5066, request=sip(rport=False), is_answer=is_sip_answer, files=(('kamailio.cfg', KAMAILIO % ''),), destinations=IPV4),
	Stock('sipp uas', 'sip-tester', ('sipp', '-sn', 'uas', '-i', '0.0.0.0', '-p', '5060', '-nostdin'), port=5060, client_port=5066, request=_invite,
		is_answer=is_sip_answer, destinations=IPV4, environment=(('TERM', 'dumb'),)),
	Stock('rtpengine control', 'rtpengine-daemon', ('rtpengine', '--foreground', '--log-stderr', '--table=-1', '--interface=192.0.2.1',
		'--listen-ng=2223', '--pidfile=@DIR@/pid'), port=2223, request=_ng_ping, is_answer=_is_pong),
	Stock('coturn', 'coturn', ('turnserver', '-n', '-c', '/dev/null', '--no-tls', '--no-dtls', '--no-cli', '-L', '0.0.0.0', '--log-file=stdout',
		'--pidfile=@DIR@/pid', '--userdb=@DIR@/turndb'), port=3478, request=stun, is_answer=is_stun_answer, destinations=IPV4),
	Stock('coturn, each address', 'coturn', ('turnserver', '-n', '-c', '/dev/null', '--no-tls', '--no-dtls', '--no-cli', '--log-file=stdout',
		'--pidfile=@DIR@/pid', '--userdb=@DIR@/turndb'), port=3478, request=stun, is_answer=is_stun_answer),
	Stock('libcoap', 'libcoap3-bin', ('coap-server-notls', '-A', '::', '-p', '5683'), port=5683, request=_coap, is_answer=_is_coap_answer),
	Stock('libcoap, DTLS', 'libcoap3-bin', ('coap-server-openssl', '-A', '::', '-k', 'replyfrom'), port=5684, destinations=ROUTED,
		talk=with_client('coap-client-openssl', '-B', '3', '-k', 'replyfrom', '-u', 'name', 'coaps://@HOST@/')),
	Stock('openssl s_server -dtls', 'openssl', (*DTLS, '-4'), before=CERTIFICATE, destinations=ROUTED4, once=True,
		talk=with_client('openssl', 's_client', '-dtls', '-connect', '@HOST@:5000')),
	Stock('openssl s_server -dtls -listen', 'openssl', (*DTLS, '-6', '-listen'), before=CERTIFICATE, destinations=(FIRST6, NEWEST6, ON_LO6), once=True,
		talk=with_client('openssl', 's_client', '-dtls', '-connect', '@HOST@:5000')),
	Stock('gnutls-serv --udp', 'gnutls-bin', ('gnutls-serv', '--udp', '--echo', '-p', '5000', '--x509keyfile', '@DIR@/key.pem', '--x509certfile',
		'@DIR@/cert.pem'), before=CERTIFICATE, destinations=ROUTED,
		talk=with_client('gnutls-cli', '--udp', '--insecure', '-p', '5000', '@ADDRESS@')),
	Stock('socat DTLS', 'socat', ('socat', 'OPENSSL-DTLS-SERVER:5000,verify=0,cert=@DIR@/cert.pem,key=@DIR@/key.pem', 'EXEC:cat'),
		before=CERTIFICATE, destinations=ROUTED4, once=True,
		talk=with_client('openssl', 's_client', '-dtls', '-connect', '@HOST@:5000')),
	Stock('strongswan charon', 'strongswan-charon', ('charon', '--use-syslog', 'no'), port=500, request=_ike, is_answer=_is_ike_answer,
		destinations=Stock.destinations, needs=('libstrongswan-standard-plugins',)),
	Stock('mumble-server', 'mumble-server', ('murmurd', '-fg', '-ini', '@DIR@/murmur.ini'), port=64738, request=_mumble_ping,
		is_answer=_is_mumble_pong, folders=('state',),
		files=(('murmur.ini', 'database=@DIR@/state/db.sqlite\nlogfile=\nport=64738\nusers=5\nallowping=true\n'),)),
	Stock('caddy, QUIC', 'caddy', ('caddy', 'run', '--config', '@DIR@/Caddyfile', '--adapter', 'caddyfile'), port=8443, request=quic,
		is_answer=is_quic_negotiation, before=CERTIFICATE, files=(('Caddyfile', CADDYFILE),), reason=GO),
)
