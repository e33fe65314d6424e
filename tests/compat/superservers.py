# SPDX-License-Identifier: MIT
"""Programs that bind a socket for another program. Where they drop LD_PRELOAD, the wrapper stands in the service's own line."""
import struct

from lab import FIRST6, LINK_LOCAL, NEWEST6, ON_LO, ON_LO6, PRIMARY, SECONDARY
from program import are_both_bound

from conversation import transfer
from questions import is_tftp_block, tftp
from stock import IPV4, Stock

# Answers one datagram on the descriptor whose number is given, and ends.
ANSWER = '''use Socket;
open(my $s, "+<&=", $ARGV[0]) or die;
do { my $peer = recv($s, my $d, 2048, 0); send($s, $d, 0, $peer) } while $ARGV[1];
'''
INETD = '''5000 dgram udp wait root @WRAPPER@ @WRAPPER@ /usr/bin/perl @DIR@/answer.pl 0
5000 dgram udp6 wait root @WRAPPER@ @WRAPPER@ /usr/bin/perl @DIR@/answer.pl 0
'''
INETD_TFTP = '''69 dgram udp wait root @WRAPPER@ @WRAPPER@ /usr/sbin/in.tftpd -u root -s @DIR@/tftp
69 dgram udp6 wait root @WRAPPER@ @WRAPPER@ /usr/sbin/in.tftpd -u root -s @DIR@/tftp
'''
XINETD = '''service echo
{
	type = INTERNAL UNLISTED
	id = echo-dgram
	socket_type = dgram
	protocol = udp
	user = root
	wait = yes
	port = 7
}
service answer
{
	type = UNLISTED
	socket_type = dgram
	protocol = udp
	user = root
	wait = yes
	port = 5000
	flags = %s
	server = /usr/bin/perl
	server_args = @DIR@/answer.pl 0
}
'''
# xinetd starts a service that is asked often only up to a rate.
XINETD_DEFAULTS = 'defaults\n{\n\tcps = 1000 1\n\tinstances = UNLIMITED\n}\n'
NO_LOOPBACK = (SECONDARY, ON_LO, PRIMARY, FIRST6, NEWEST6, ON_LO6, LINK_LOCAL)
ANSWER_FILE = ('answer.pl', ANSWER)
TALK_PORT = 5066


def _talk(number, destination):
	"""A look-up (protocols/talkd.h) that wants its answer at the address and port that it names."""
	def sockaddr(port):
		return struct.pack('!HH4s8x', 2, port, bytes(map(int, destination.peer.split('.'))))
	return (struct.pack('!BBBxI', 1, 1, 0, number) + sockaddr(0) + sockaddr(TALK_PORT) + struct.pack('!i', 1) +
		b'caller'.ljust(12, b'\0') + b'nobody'.ljust(12, b'\0') + bytes(16))


def _is_talk_answer(answer, _):
	return len(answer) == 24 and answer[:2] == b'\1\1'


ROWS = (
	Stock('openbsd-inetd echo', 'openbsd-inetd', ('/usr/sbin/inetd', '-i', '@DIR@/inetd.conf'), port=7, destinations=NO_LOOPBACK,
		ready=are_both_bound, files=(('inetd.conf', 'echo dgram udp wait root internal\necho dgram udp6 wait root internal\n'),)),
	Stock('openbsd-inetd daytime', 'openbsd-inetd', ('/usr/sbin/inetd', '-i', '@DIR@/inetd.conf'), port=13, destinations=(SECONDARY, ON_LO, PRIMARY),
		is_answer=lambda answer, _: b':' in answer, files=(('inetd.conf', 'daytime dgram udp wait root internal\n'),)),
	Stock('openbsd-inetd wait service', 'openbsd-inetd', ('/usr/sbin/inetd', '-i', '-R', '0', '@DIR@/inetd.conf'), in_service=True,
		ready=are_both_bound, files=(ANSWER_FILE, ('inetd.conf', INETD))),
	Stock('openbsd-inetd in.tftpd', 'openbsd-inetd', ('/usr/sbin/inetd', '-i', '@DIR@/inetd.conf'), port=69, in_service=True,
		request=tftp('file'), is_answer=is_tftp_block, talk=transfer, needs=('tftpd-hpa',),
		ready=are_both_bound, files=(('inetd.conf', INETD_TFTP), ('tftp/file', 'a line\n' * 200))),
	Stock('openbsd-inetd in.talkd', 'talkd', ('/usr/sbin/inetd', '-i', '@DIR@/inetd.conf'), port=518, in_service=True, client_port=TALK_PORT,
		request=_talk, is_answer=_is_talk_answer, destinations=IPV4,
		files=(('inetd.conf', '518 dgram udp wait root @WRAPPER@ @WRAPPER@ /usr/sbin/in.talkd\n'),)),
	Stock('openbsd-inetd in.ntalkd', 'talkd', ('/usr/sbin/inetd', '-i', '@DIR@/inetd.conf'), port=518, in_service=True, client_port=TALK_PORT,
		request=_talk, is_answer=_is_talk_answer, destinations=IPV4,
		files=(('inetd.conf', '518 dgram udp wait root @WRAPPER@ @WRAPPER@ /usr/sbin/in.ntalkd\n'),)),
	Stock('xinetd echo', 'xinetd', ('xinetd', '-dontfork', '-f', '@DIR@/xinetd.conf'), port=7, unpack=True, destinations=IPV4,
		files=(ANSWER_FILE, ('xinetd.conf', XINETD_DEFAULTS + XINETD % 'IPv4'))),
	Stock('xinetd wait service', 'xinetd', ('xinetd', '-dontfork', '-f', '@DIR@/xinetd.conf'), unpack=True, destinations=IPV4,
		files=(ANSWER_FILE, ('xinetd.conf', XINETD_DEFAULTS + XINETD % 'IPv4'))),
	Stock('xinetd wait service, IPv6', 'xinetd', ('xinetd', '-dontfork', '-f', '@DIR@/xinetd.conf'), unpack=True,
		files=(ANSWER_FILE, ('xinetd.conf', XINETD_DEFAULTS + XINETD % 'IPv6'))),
	Stock('inetutils-inetd echo', 'inetutils-inetd', ('inetutils-inetd', '-d', '@DIR@/inetd.conf'), port=7, unpack=True, destinations=NO_LOOPBACK,
		ready=are_both_bound, files=(('inetd.conf', 'echo dgram udp wait root internal\necho dgram udp6 wait root internal\n'),)),
	Stock('inetutils-inetd wait service', 'inetutils-inetd', ('inetutils-inetd', '-R', '1000', '-d', '@DIR@/inetd.conf'), unpack=True,
		once=True, flow=1, ready=are_both_bound, remark='gives a socket back to itself late, so it gets one request',
		files=(ANSWER_FILE, ('inetd.conf', INETD.replace('@WRAPPER@', '/usr/bin/env').replace('udp6', 'udp6only').replace('udp ', 'udp4 ')))),
	Stock('udpsvd', 'ipsvd', ('udpsvd', '-l', 'name', '0', '5000', '/usr/bin/perl', '@DIR@/answer.pl', '0'), destinations=IPV4,
		files=(ANSWER_FILE,), quick=True),
	Stock('systemd-socket-activate 0.0.0.0', 'systemd', ('systemd-socket-activate', '-d', '-l', '0.0.0.0:5000',
		'@WRAPPER@', '/usr/bin/perl', '@DIR@/answer.pl', '3', 'forever'), in_service=True, destinations=IPV4, files=(ANSWER_FILE,)),
	Stock('systemd-socket-activate ::', 'systemd', ('systemd-socket-activate', '-d', '-l', '[::]:5000',
		'@WRAPPER@', '/usr/bin/perl', '@DIR@/answer.pl', '3', 'forever'), in_service=True, files=(ANSWER_FILE,)),
)
