# SPDX-License-Identifier: MIT
"""Requests in the protocols of the programs, and how to know an answer."""
import hashlib
import hmac
import struct

SECRET = b'replyfrom'
ZONE = '''$TTL 300
@ IN SOA ns.example.com. admin.example.com. 1 3600 600 86400 300
@ IN NS ns.example.com.
ns IN A 192.0.2.1
www IN A 192.0.2.80
'''


def dns(name, kind=1):
	"""RFC 1035; the identifier counts."""
	question = b''.join(bytes([len(label)]) + label.encode() for label in name.split('.')) + b'\0'
	return lambda number, _: struct.pack('!6H', 0x7266 + number, 0x0100, 1, 0, 0, 0) + question + struct.pack('!HH', kind, 1)


def is_dns_answer(answer, request):
	return len(answer) >= 12 and answer[:2] == request[:2] and answer[2] & 0x80


def tftp(name):
	"""A read request (RFC 1350)."""
	return b'\0\1' + name.encode() + b'\0octet\0'


def is_tftp_block(answer, _):
	return answer[:4] == b'\0\3\0\1'


def ntp(number, _):
	"""A client's version 4 (RFC 5905), with its time of sending."""
	return b'\x23' + bytes(39) + struct.pack('!II', 0xe8000000 + number, 1)


def is_ntp_answer(answer, request):
	return len(answer) >= 48 and answer[0] & 7 == 4 and answer[24:32] == request[40:48]


def tlv(tag, *parts):
	"""BER: tag, length, value."""
	value = b''.join(parts)
	length = bytes([len(value)]) if len(value) < 128 else bytes([0x82]) + struct.pack('!H', len(value))
	return bytes([tag]) + length + value


def snmp(number, _):
	"""A Get of sysDescr.0 (RFC 1901, RFC 3416) with the community `public`."""
	name = tlv(6, b'\x2b\6\1\2\1\1\1\0')
	return tlv(0x30, tlv(2, b'\1'), tlv(4, b'public'), tlv(0xa0, tlv(2, bytes([number + 1])), tlv(2, b'\0'), tlv(2, b'\0'),
		tlv(0x30, tlv(0x30, name, b'\5\0'))))


def snmp_inform(number, _):
	"""An InformRequest: coldStart."""
	uptime = tlv(0x30, tlv(6, b'\x2b\6\1\2\1\1\3\0'), tlv(0x43, b'\1'))
	trap = tlv(0x30, tlv(6, b'\x2b\6\1\6\3\1\1\4\1\0'), tlv(6, b'\x2b\6\1\6\3\1\1\5\1'))
	return tlv(0x30, tlv(2, b'\1'), tlv(4, b'public'), tlv(0xa6, tlv(2, bytes([number + 1])), tlv(2, b'\0'), tlv(2, b'\0'),
		tlv(0x30, uptime, trap)))


def is_snmp_answer(answer, request):
	_, _, asked = request.partition(b'public')
	_, _, answered = answer.partition(b'public')
	return answered[:1] == b'\xa2' and asked[2:5] in answered[2:8]     # its length may take several bytes


def rpc(program, version):
	"""A call of procedure 0 (RFC 5531)."""
	return lambda number, _: struct.pack('!10I', 0x72660000 + number, 0, 2, program, version, 0, 0, 0, 0, 0)


def is_rpc_answer(answer, request):
	return answer[:8] == request[:4] + b'\0\0\0\1'


def radius(number, _):
	"""Status-Server (RFC 5997) with its Message-Authenticator."""
	packet = struct.pack('!BBH', 12, number + 1, 38) + bytes(16) + b'\x50\x12' + bytes(16)
	return packet[:-16] + hmac.new(SECRET, packet, hashlib.md5).digest()


def is_radius_answer(answer, request):
	return answer[0] in (2, 3, 5) and answer[1] == request[1]


def radius_access(number, _):
	"""An Access-Request for a user with a password of no interest, and a Message-Authenticator."""
	attributes = b'\1\x0breplyfrom' + b'\2\x12' + bytes(16) + b'\4\6\xc0\0\2\x64' + b'\x50\x12' + bytes(16)
	packet = struct.pack('!BBH', 1, number + 1, 20 + len(attributes)) + bytes(16) + attributes
	return packet[:-16] + hmac.new(SECRET, packet, hashlib.md5).digest()


def kerberos(number, _):
	"""An AS-REQ (RFC 4120) of somebody unknown."""
	def principal(kind, *names):
		return tlv(0x30, tlv(0xa0, tlv(2, bytes([kind]))), tlv(0xa1, tlv(0x30, *(tlv(0x1b, name) for name in names))))
	body = tlv(0x30, tlv(0xa0, tlv(3, bytes(5))), tlv(0xa1, principal(1, b'nobody')), tlv(0xa2, tlv(0x1b, b'EXAMPLE.COM')),
		tlv(0xa3, principal(2, b'krbtgt', b'EXAMPLE.COM')), tlv(0xa5, tlv(0x18, b'20370101000000Z')),
		tlv(0xa7, tlv(2, bytes([0x11, number]))), tlv(0xa8, tlv(0x30, tlv(2, b'\x12'))))
	return tlv(0x6a, tlv(0x30, tlv(0xa1, tlv(2, b'\5')), tlv(0xa2, tlv(2, b'\x0a')), tlv(0xa4, body)))


def is_kerberos_answer(answer, _):
	return answer[:1] == b'\x7e'


def kpasswd(_number, _):
	"""A password change (RFC 3244) that nobody could have asked for."""
	return struct.pack('!HHH', 86, 1, 40) + b'\x6e\x26' + bytes(38) + b'\x75\x26' + bytes(38)


def sip(rport=True):
	"""OPTIONS (RFC 3261). Without rport the answer goes to the port that Via names."""
	def request(number, destination):
		call = f'{number}-{destination.address.replace(":", "-")}'
		host = f'[{destination.peer}]' if ':' in destination.peer else destination.peer
		return (f'OPTIONS sip:{number}@example.com SIP/2.0\r\nVia: SIP/2.0/UDP {host}:5066{";rport" if rport else ""};branch=z9hG4bK{call}\r\n'
			f'Max-Forwards: 70\r\nFrom: <sip:a@example.com>;tag=1\r\nTo: <sip:{number}@example.com>\r\nCall-ID: {call}@example.com\r\n'
			f'CSeq: {number + 1} OPTIONS\r\nContact: <sip:a@{host}:5066>\r\nContent-Length: 0\r\n\r\n').encode()
	return request


def is_sip_answer(answer, request):
	call = request[request.index(b'Call-ID'):].split(b'\r\n')[0]
	return answer.startswith(b'SIP/2.0 ') and call in answer


def stun(number, _):
	"""A Binding request (RFC 8489)."""
	return struct.pack('!HHI', 1, 0, 0x2112a442) + b'replyfrom' + bytes([0, 0, number])


def is_stun_answer(answer, request):
	return answer[:2] == b'\1\1' and answer[8:20] == request[8:20]


def quic(_number, _):
	"""A long header of a version that no server speaks, so that it tells its own (RFC 9000)."""
	return b'\xc0\x1a\x2a\x3a\x4a\x08replyfro\x08mreplyfr' + bytes(1178)


def is_quic_negotiation(answer, _):
	return answer[0] & 0x80 and answer[1:5] == bytes(4)


def quake(_number, _):
	return b'\xff\xff\xff\xffgetstatus\n'


def is_quake_status(answer, _):
	return answer.startswith(b'\xff\xff\xff\xffstatusResponse')


def dht(number, _):
	"""BEP 5: ping."""
	return b'd1:ad2:id20:' + b'replyfrom' + b'0' * 11 + b'e1:q4:ping1:t2:r' + bytes([0x30 + number]) + b'1:y1:qe'


def is_dht_answer(answer, request):
	return b'1:y1:r' in answer and request[-10:-6] in answer


def anything(answer, _):
	return len(answer) > 0
