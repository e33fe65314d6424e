# SPDX-License-Identifier: MIT
"""Caches, proxies, trackers, measurement, games."""
import struct

from lab import FIRST6, NEWEST6, ON_LO, ON_LO6, PRIMARY, SECONDARY

from conversation import with_client
from questions import dht, is_dht_answer, anything
from stock import IPV4, Stock, listens

ROUTED = (SECONDARY, ON_LO, PRIMARY, FIRST6, NEWEST6, ON_LO6)
NGINX = '''daemon off;
pid @DIR@/pid;
error_log stderr;
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
worker_processes 2;
events { }
stream {
	server { listen 5000 udp%s; listen [::]:5000 udp%s; %s; }
}
'''
SER2NET = '''%%YAML 1.1
---
connection: &echo
  accepter: %s,5000
  connector: echo
  options:
    max-connections: 20
'''
# The program that relays, before an echo on another port.
BEFORE_ECHO = '''#!/bin/sh
socat UDP4-RECVFROM:5007,fork EXEC:cat &
until grep -q ':138F ' /proc/net/udp; do :; done
exec "$@"
'''


def _memcached(number, _):
	"""The frame of its UDP protocol, and a command."""
	return struct.pack('!4H', number, 0, 1, 0) + b'version\r\n'


def _is_version(answer, request):
	return answer[:2] == request[:2] and b'VERSION' in answer


def _tracker(number, _):
	"""BEP 15: connect."""
	return struct.pack('!QII', 0x41727101980, 0, number)


def _is_tracker_answer(answer, request):
	return answer[:8] == bytes(4) + request[12:16]


def _minetest(_number, _):
	"""A reliable packet from a peer without an identifier: the server gives one."""
	return struct.pack('!IHBBHB', 0x4f457403, 0, 0, 3, 65500, 1) + b'\0\0'


def _teeworlds(number, _):
	"""A connection-less request for a token (0.7)."""
	return b'\4\0\0' + b'\xff' * 4 + b'\5' + b'tok' + bytes([number]) + bytes(508)


def _cube(number, _):
	return b'\x80' + bytes([number])


ROWS = (
	Stock('memcached', 'memcached', ('memcached', '-U', '11211', '-l', '0.0.0.0', '-l', '::', '-u', 'root', '-t', '4'), port=11211,
		request=_memcached, is_answer=_is_version),
	Stock('nginx, stream', 'nginx-core', ('nginx', '-c', '@DIR@/nginx.conf'), is_answer=anything, needs=('libnginx-mod-stream',),
		files=(('nginx.conf', NGINX % ('', '', 'return answer')),)),
	Stock('nginx, reuseport', 'nginx-core', ('nginx', '-c', '@DIR@/nginx.conf'), is_answer=anything, needs=('libnginx-mod-stream',),
		files=(('nginx.conf', NGINX % (' reuseport', ' reuseport', 'return answer')),)),
	Stock('nginx before an echo', 'nginx-core', ('/bin/sh', '@DIR@/start', 'nginx', '-c', '@DIR@/nginx.conf'), needs=('libnginx-mod-stream', 'socat'),
		files=(('start', BEFORE_ECHO), ('nginx.conf', NGINX % ('', '', 'proxy_pass 127.0.0.1:5007')))),
	Stock('pen -U', 'pen', ('/bin/sh', '@DIR@/start', 'pen', '-f', '-U', '5000', '127.0.0.1:5007'), needs=('socat',), destinations=IPV4,
		files=(('start', BEFORE_ECHO),)),
	Stock('ser2net', 'ser2net', ('ser2net', '-n', '-d', '-c', '@DIR@/ser2net.yaml'), destinations=IPV4, files=(('ser2net.yaml', SER2NET % 'udp,ipv4'),)),
	Stock('ser2net ::', 'ser2net', ('ser2net', '-n', '-d', '-c', '@DIR@/ser2net.yaml'), files=(('ser2net.yaml', SER2NET % 'udp'),)),
	Stock('opentracker', 'opentracker', ('opentracker', '-P', '6969', '-p', '6969', '-d', '@DIR@'), port=6969, request=_tracker,
		is_answer=_is_tracker_answer, destinations=IPV4, folders=('',)),
	Stock('transmission, DHT', 'transmission-daemon', ('transmission-daemon', '-f', '-g', '@DIR@', '-P', '51413', '-o', '-M', '--no-lpd'), port=51413, request=dht,
		is_answer=is_dht_answer, destinations=(SECONDARY, ON_LO, PRIMARY), folders=('',)),
	Stock('iperf3 -s', 'iperf3', ('iperf3', '-s'), port=5201, ready=listens, destinations=ROUTED,
		talk=with_client('iperf3', '-u', '-c', '@ADDRESS@', '-n', '4000', '-b', '200k')),
	Stock('sockperf', 'sockperf', ('sockperf', 'server', '-i', '0.0.0.0', '-p', '5000'), destinations=IPV4,
		talk=with_client('sockperf', 'ping-pong', '-i', '@ADDRESS@', '-p', '5000', '-t', '1')),
	Stock('minetest-server', 'minetest-server', ('minetestserver', '--world', '@DIR@/world', '--gameid', 'minetest', '--port', '30000'), port=30000,
		request=_minetest, is_answer=lambda answer, _: answer[:4] == b'\x4f\x45\x74\x03', needs=('minetest-data',), destinations=IPV4, flow=1),
	Stock('teeworlds-server', 'teeworlds-server', ('teeworlds-server', 'sv_register 0'), port=8303, request=_teeworlds, is_answer=anything,
		needs=('teeworlds-data',)),
	Stock('cube2-server', 'cube2-server', ('cube2-server', '-q@DIR@', '-m'), port=28786, request=_cube,
		is_answer=lambda answer, request: request in answer, destinations=IPV4),
)
