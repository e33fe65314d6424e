# SPDX-License-Identifier: MIT
"""Servers in a line or two of a language: what its runtime does with a UDP socket."""
import platform

from lab import IPV6

from questions import dns, is_dns_answer
from stock import IPV4, Stock

PYTHON = '/usr/bin/python3'
SYS_RECVFROM, SYS_SENDTO = {'x86_64': (45, 44), 's390x': (371, 369), 'ppc64le': (337, 335)}.get(platform.machine(), (207, 206))


def echo(name, package, *argv, **settings):
	return Stock(name, package, argv, destinations=settings.pop('destinations', IPV4), **settings)


ERLANG = '''
{ok, S} = gen_udp:open(5000, [binary, {active, true}%s]),
F = fun(G) -> receive {udp, S, A, P, D} -> gen_udp:send(S, A, P, D) end, G(G) end, F(F).'''
ERLANG_SOCKET = '''
{ok, S} = socket:open(inet, dgram, udp), ok = socket:bind(S, #{family => inet, port => 5000, addr => any}),
F = fun(G) -> {ok, {A, D}} = socket:recvfrom(S), ok = socket:sendto(S, D, A), G(G) end, F(F).'''
JAVA = '''
import java.net.*; import java.nio.*; import java.nio.channels.*;
public class Echo { public static void main(String[] a) throws Exception {
	if (a[0].equals("socket")) {
		DatagramSocket s = new DatagramSocket(5000); DatagramPacket p = new DatagramPacket(new byte[2048], 2048);
		for (;;) { s.receive(p); s.send(p); p.setLength(2048); }
	}
	DatagramChannel c = DatagramChannel.open(); c.bind(new InetSocketAddress(5000)); ByteBuffer b = ByteBuffer.allocateDirect(2048);
	for (;;) { b.clear(); SocketAddress s = c.receive(b); b.flip(); c.send(b, s); } } }
'''
TCL = '''
package require udp
set s [udp_open 5000]
fconfigure $s -buffering none -translation binary
proc answer {s} { set d [read $s]; set p [fconfigure $s -peer]; fconfigure $s -remote $p; puts -nonewline $s $d }
fileevent $s readable [list answer $s]
vwait forever
'''
GUILE = '''
(let ((s (socket PF_INET SOCK_DGRAM 0)) (b (make-bytevector 2048)))
  (bind s AF_INET INADDR_ANY 5000)
  (let loop () (let* ((r (recvfrom! s b)) (d (make-bytevector (car r))))
    (bytevector-copy! b 0 d 0 (car r)) (sendto s d (cdr r)) (loop))))
'''
SBCL = '''
(require :sb-bsd-sockets)
(let ((s (make-instance 'sb-bsd-sockets:inet-socket :type :datagram :protocol :udp)))
  (sb-bsd-sockets:socket-bind s #(0 0 0 0) 5000)
  (loop (multiple-value-bind (b n a p) (sb-bsd-sockets:socket-receive s nil 2048 :element-type '(unsigned-byte 8))
    (sb-bsd-sockets:socket-send s b n :address (list a p)))))
'''
PROLOG = '''
:- use_module(library(socket)).
serve :- udp_socket(S), tcp_bind(S, 5000), loop(S).
loop(S) :- repeat, udp_receive(S, D, F, [as(codes), encoding(octet)]), udp_send(S, D, F, [as(codes), encoding(octet)]), fail.
:- initialization(serve).
'''
TWISTED = '''
from twisted.internet import protocol, reactor
class Echo(protocol.DatagramProtocol):
	def datagramReceived(self, datagram, peer): self.transport.write(datagram, peer)
reactor.listenUDP(5000, Echo(), interface='%s')
reactor.run()'''
GEVENT = '''
from gevent.server import DatagramServer
class Echo(DatagramServer):
	def handle(self, datagram, peer): self.socket.sendto(datagram, peer)
Echo(':5000').serve_forever()'''
EVENTMACHINE = '''
EM.run { EM.open_datagram_socket("0.0.0.0", 5000, Module.new { def receive_data(d); send_data d; end }) }'''
NET_DNS = '''
Net::DNS::Nameserver->new(LocalAddr => "0.0.0.0", LocalPort => 5000, ReplyHandler => sub { ("NXDOMAIN") })->main_loop'''
NODE = '''
const s = require("dgram").createSocket(%s); s.on("message", (m, r) => s.send(m, r.port, r.address)); s.bind(5000)'''
PHP_SOCKETS = '''
$s = socket_create(AF_INET, SOCK_DGRAM, 0); socket_bind($s, "0.0.0.0", 5000);
for (;;) { socket_recvfrom($s, $d, 2048, 0, $a, $p); socket_sendto($s, $d, strlen($d), 0, $a, $p); }'''
PHP_STREAMS = '''
$s = stream_socket_server("udp://0.0.0.0:5000", $e, $m, STREAM_SERVER_BIND);
for (;;) { $d = stream_socket_recvfrom($s, 2048, 0, $a); stream_socket_sendto($s, $d, 0, $a); }'''
LUA = '''
local s = require("socket").udp%d() s:setsockname("*", 5000)
while true do local d, a, p = s:receivefrom() if d then s:sendto(d, a, p) end end'''
# libuv calls recvmmsg and sendmmsg by number (syscall(2)) up to 1.44.
LUV = '''
local uv = require("luv") local s = uv.new_udp()
s:bind("%s", 5000) s:recv_start(function(e, d, a) if d and a then s:send(d, a.ip, a.port, function() end) end end) uv.run()'''
CTYPES = '''
import ctypes, socket
libc = ctypes.CDLL("libc.so.6")
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 5000))
data, peer, length = ctypes.create_string_buffer(2048), ctypes.create_string_buffer(128), ctypes.c_uint()
while True:
	length.value = 128
	n = libc.recvfrom(s.fileno(), data, 2048, 0, peer, ctypes.byref(length))
	if n >= 0: libc.sendto(s.fileno(), data, n, 0, peer, length)'''
CTYPES_SYSCALL = CTYPES.replace('libc.recvfrom(', 'libc.syscall(ctypes.c_long(%d), ').replace('libc.sendto(', 'libc.syscall(ctypes.c_long(%d), ')
PHP_FFI = '''
$c = FFI::cdef("long recvfrom(int, void *, size_t, int, void *, unsigned *); long sendto(int, const void *, size_t, int, const void *, unsigned);", "libc.so.6");
$s = socket_create(AF_INET, SOCK_DGRAM, 0); socket_bind($s, "0.0.0.0", 5000);
$fd = (int) basename(array_values(array_filter(glob("/proc/self/fd/*"), fn($f) => str_starts_with((string) @readlink($f), "socket:")))[0]);
$b = FFI::new("char[2048]"); $p = FFI::new("char[128]"); $l = FFI::new("unsigned");
for (;;) { $l->cdata = 128; $n = $c->recvfrom($fd, $b, 2048, 0, $p, FFI::addr($l)); $c->sendto($fd, $b, $n, 0, $p, $l->cdata); }'''
RUBY = 's = UDPSocket.new; s.bind("0.0.0.0", 5000); loop { d, a = s.recvfrom(2048); s.send(d, 0, a[3], a[1]) }'
PERL = '''
my $s = IO::Socket::INET->new(LocalPort => 5000, Proto => "udp") or die; while (defined $s->recv(my $d, 2048)) { $s->send($d) }'''

ROWS = (
	echo('perl IO::Socket', 'perl-base', 'perl', '-MIO::Socket::INET', '-e', PERL, quick=True),
	echo('perl Net::DNS::Nameserver', 'libnet-dns-perl', 'perl', '-MNet::DNS::Nameserver', '-e', NET_DNS,
		request=dns('www.example.com'), is_answer=is_dns_answer),
	echo('ruby UDPSocket', 'ruby3.1', 'ruby', '-rsocket', '-e', RUBY),
	echo('ruby udp_server_loop', 'ruby3.1', 'ruby', '-rsocket', '-e', 'Socket.udp_server_loop(5000) { |d, s| s.reply d }',
		destinations=Stock.destinations),
	echo('ruby eventmachine', 'ruby-eventmachine', 'ruby', '-reventmachine', '-e', EVENTMACHINE),
	echo('php sockets', 'php8.2-cli', 'php', '-r', PHP_SOCKETS, quick=True),
	echo('php streams', 'php8.2-cli', 'php', '-r', PHP_STREAMS),
	echo('php FFI', 'php8.2-cli', 'php', '-r', PHP_FFI),
	echo('lua-socket udp4', 'lua-socket', 'lua5.4', '-e', LUA % 4, needs=('lua5.4',)),
	echo('lua-socket udp6', 'lua-socket', 'lua5.4', '-e', LUA % 6, needs=('lua5.4',), destinations=IPV6),
	echo('luv (libuv)', 'lua-luv', 'lua5.1', '-e', LUV % '0.0.0.0', needs=('lua5.1',), quick=True),
	echo('luv (libuv) ::', 'lua-luv', 'lua5.1', '-e', LUV % '::', needs=('lua5.1',), destinations=Stock.destinations),
	echo('node udp4', 'nodejs', 'node', '-e', NODE % '"udp4"'),
	echo('node udp6', 'nodejs', 'node', '-e', NODE % '"udp6"', destinations=Stock.destinations),
	echo('python ctypes', 'python3-minimal', PYTHON, '-c', CTYPES, quick=True),
	echo('python ctypes syscall', 'python3-minimal', PYTHON, '-c', CTYPES_SYSCALL % (SYS_RECVFROM, SYS_SENDTO)),
	echo('python twisted', 'python3-twisted', PYTHON, '-c', TWISTED % '0.0.0.0'),
	echo('python twisted ::', 'python3-twisted', PYTHON, '-c', TWISTED % '::', destinations=Stock.destinations),
	echo('python gevent', 'python3-gevent', PYTHON, '-c', GEVENT),
	echo('erlang gen_udp', 'erlang-base', 'erl', '-noshell', '-eval', ERLANG % ''),
	echo('erlang gen_udp inet6', 'erlang-base', 'erl', '-noshell', '-eval', ERLANG % ', inet6', destinations=Stock.destinations),
	echo('erlang socket', 'erlang-base', 'erl', '-noshell', '-eval', ERLANG_SOCKET),
	echo('java DatagramSocket', 'openjdk-17-jre-headless', 'java', '-Xint', '@DIR@/Echo.java', 'socket', needs=('openjdk-17-jdk-headless',),
		files=(('Echo.java', JAVA),), destinations=Stock.destinations),
	echo('java DatagramChannel', 'openjdk-17-jre-headless', 'java', '-Xint', '@DIR@/Echo.java', 'channel', needs=('openjdk-17-jdk-headless',),
		files=(('Echo.java', JAVA),), destinations=Stock.destinations),
	echo('tcl udp', 'tcl-udp', 'tclsh', '@DIR@/echo.tcl', files=(('echo.tcl', TCL),), needs=('tcl',)),
	echo('guile', 'guile-3.0', 'guile-3.0', '--no-auto-compile', '-c', '(use-modules (rnrs bytevectors))' + GUILE),
	echo('sbcl', 'sbcl', 'sbcl', '--script', '@DIR@/echo.lisp', files=(('echo.lisp', SBCL),)),
	echo('swi-prolog', 'swi-prolog-nox', 'swipl', '@DIR@/echo.pl', files=(('echo.pl', PROLOG),)),
	echo('gawk', 'gawk', 'gawk', 'BEGIN { s = "/inet4/udp/5000/0/0"; while ((s |& getline d) > 0) print d |& s }', once=True),
)
