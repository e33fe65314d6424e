# SPDX-License-Identifier: MIT
"""Servers whose UDP speaks first, after a TCP connection asked for it: under REPLYFROM_FOLLOW_TCP=1 the datagrams leave from the address
at which the connection was accepted. Each is asked at a secondary address, plainly and then helped."""
import contextlib
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from typing import Callable, NamedTuple

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import namespaces
import tap
from program import NotReady, Program

from stock import listens

ETH_P_ALL = 3
PACKET_OUTGOING = 4
GST_SERVER = '''
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server, factory = GstRtspServer.RTSPServer(address="%s", service="%d"), GstRtspServer.RTSPMediaFactory()
factory.set_launch("( audiotestsrc is-live=true ! audioconvert ! rtpL16pay name=pay0 )")
server.get_mount_points().add_factory("/test", factory)
server.attach(None)
GLib.MainLoop().run()
'''
DANTE = '''logoutput: stderr
internal: %(any)s port = %(port)d
external: eth0
socksmethod: none
clientmethod: none
user.privileged: root
user.unprivileged: nobody
client pass { from: 0/0 to: 0/0 }
socks pass { from: 0/0 to: 0/0 command: udpassociate udpreply }
'''

BARESIP = '''sip_listen %(any)s:%(port)d
audio_player aufile,%(folder)s/heard.wav
audio_source ausine,440
audio_alert aufile,%(folder)s/alert.wav
module_path /usr/lib/baresip/modules
module g711.so
module ausine.so
module aufile.so
module_app account.so
module_app menu.so
'''
BARESIP_ACCOUNT = '<sip:bob@192.0.2.1;transport=tcp>;regint=0;answermode=auto\n'
INVITE = '''INVITE sip:bob@%(host)s:%(port)d;transport=tcp SIP/2.0
Via: SIP/2.0/TCP %(peer)s:40000;branch=z9hG4bK1
Max-Forwards: 70
From: <sip:alice@%(peer)s>;tag=1
To: <sip:bob@192.0.2.1>
Call-ID: 1@%(peer)s
CSeq: 1 INVITE
Contact: <sip:alice@%(peer)s:40000;transport=tcp>
Content-Type: application/sdp
Content-Length: %(length)d

%(sdp)s'''
SDP = '''v=0
o=- 1 1 IN %(kind)s %(peer)s
s=-
c=IN %(kind)s %(peer)s
t=0 0
m=audio %(rtp)d RTP/AVP 0
a=rtpmap:0 PCMU/8000
a=sendrecv
'''


class Wire:
	"""Sees which datagrams come to the client's side, whatever its sockets think of them."""

	def __init__(self, network):
		with namespaces.inside(network.client_namespace):
			self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
			self.socket.bind((lab.INTERFACE, 0))

	def sources(self, patience, enough=3):
		"""The source addresses of the next UDP datagrams."""
		found, end = [], time.monotonic() + patience
		while len(found) < enough and (left := end - time.monotonic()) > 0:
			self.socket.settimeout(left)
			try:
				packet, (_, _, kind, *_) = self.socket.recvfrom(65535)
			except TimeoutError:
				break
			if kind == PACKET_OUTGOING:
				continue
			if packet[0] >> 4 == 4 and packet[9] == socket.IPPROTO_UDP:
				found.append(socket.inet_ntop(socket.AF_INET, packet[12:16]))
			elif packet[0] >> 4 == 6 and packet[6] == socket.IPPROTO_UDP:
				found.append(socket.inet_ntop(socket.AF_INET6, packet[8:24]))
		return found

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.socket.close()


class Control:
	"""The client's TCP connection."""

	def __init__(self, network, address, port):
		with namespaces.inside(network.client_namespace):
			self.socket = socket.create_connection((address, port), lab.DEADLINE)
		self._sequence = 0

	def rtsp(self, method, url, *headers):
		"""The response's headers, as text."""
		self._sequence += 1
		self.socket.sendall('\r\n'.join((f'{method} {url} RTSP/1.0', f'CSeq: {self._sequence}', *headers, '', '')).encode())
		response = b''
		while b'\r\n\r\n' not in response:
			response += self._more()
		head, _, body = response.partition(b'\r\n\r\n')
		text = head.decode()
		length = next((int(line.split(':')[1]) for line in text.lower().splitlines() if line.startswith('content-length:')), 0)
		while len(body) < length:
			body += self._more()
		return text, body.decode(errors='replace')

	def _more(self):
		data = self.socket.recv(4096)
		if not data:
			raise OSError('the connection was closed')
		return data

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.socket.close()


def header(text, name):
	return next(line.partition(':')[2].strip() for line in text.splitlines() if line.lower().startswith(f'{name.lower()}:'))


def ports(network, family):
	"""Two UDP sockets of the client, for RTP and RTCP, and the first port."""
	with namespaces.inside(network.client_namespace):
		for port in range(20000, 20100, 2):
			pair = [socket.socket(family, socket.SOCK_DGRAM) for _ in range(2)]
			try:
				for number, each in enumerate(pair):
					each.bind(('', port + number))
				return pair, port
			except OSError:
				for each in pair:
					each.close()
	raise OSError('no two ports')


def play(network, destination, wire):
	"""RTSP: the client gives its ports, and the media come."""
	host = f'[{destination.address}]' if ':' in destination.address else destination.address
	url = f'rtsp://{host}:{lab.PORT}/test'
	pair, port = ports(network, destination.family)
	with contextlib.ExitStack() as stack:
		for each in pair:
			stack.enter_context(each)
		control = stack.enter_context(Control(network, destination.address, lab.PORT))
		control.rtsp('OPTIONS', url)
		_, description = control.rtsp('DESCRIBE', url, 'Accept: application/sdp')
		track = [line[len('a=control:'):].strip() for line in description.splitlines() if line.startswith('a=control:')][-1]
		track = track if track.startswith('rtsp:') else f'{url}/{track}'
		setup, _ = control.rtsp('SETUP', track, f'Transport: RTP/AVP;unicast;client_port={port}-{port + 1}')
		control.rtsp('PLAY', url, f'Session: {header(setup, "Session").partition(";")[0]}')
		return wire.sources(lab.DEADLINE)


def run_client(*argv):
	"""A real client in the client's namespace."""
	def talk(network, destination, wire):
		command = [word.replace('@ADDRESS@', destination.address) for word in argv]
		with namespaces.inside(network.client_namespace):
			client = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
		try:
			return wire.sources(lab.DEADLINE)
		finally:
			client.kill()
			client.wait()
	return talk


def associate(network, destination, wire):
	"""SOCKS5 UDP ASSOCIATE: a datagram goes through the relay to the client's own host and comes back."""
	with Control(network, destination.address, lab.PORT) as control, namespaces.inside(network.client_namespace), \
			socket.socket(destination.family, socket.SOCK_DGRAM) as client, socket.socket(destination.family, socket.SOCK_DGRAM) as echo:
		client.bind((destination.peer, 0))
		echo.bind((destination.peer, 0))
		for each in (client, echo):
			each.settimeout(lab.DEADLINE)
		packed = socket.inet_pton(destination.family, destination.peer)
		kind = 1 if destination.family == socket.AF_INET else 4
		control.socket.sendall(b'\5\1\0')
		control.socket.recv(2)
		control.socket.sendall(struct.pack('!BBBB', 5, 3, 0, kind) + packed + struct.pack('!H', client.getsockname()[1]))
		answer = control.socket.recv(64)
		relay = struct.unpack('!H', answer[-2:])[0]
		client.sendto(struct.pack('!BBBB', 0, 0, 0, kind) + packed + struct.pack('!H', echo.getsockname()[1]) + b'question', (destination.address, relay))
		_, peer = echo.recvfrom(64)
		wire.sources(0.2)
		echo.sendto(b'answer', peer)
		return wire.sources(lab.DEADLINE, 1)


def invite(network, destination, wire):
	"""SIP over TCP: the invitation says where the sound is to go."""
	peer, kind = destination.peer, 'IP6' if ':' in destination.peer else 'IP4'
	pair, port = ports(network, destination.family)
	sdp = (SDP % {'kind': kind, 'peer': peer, 'rtp': port}).replace('\n', '\r\n')
	text = INVITE % {'host': destination.address, 'port': lab.PORT, 'peer': peer, 'length': len(sdp), 'sdp': sdp}
	with contextlib.ExitStack() as stack:
		for each in pair:
			stack.enter_context(each)
		control = stack.enter_context(Control(network, destination.address, lab.PORT))
		control.socket.sendall(text.replace('\r\n', '\n').replace('\n', '\r\n').encode())
		return wire.sources(lab.DEADLINE)


class Case(NamedTuple):
	"""`first`: its UDP speaks first, so that it is wrong under replyfrom without REPLYFROM_FOLLOW_TCP. `wrong`: it is so plainly."""
	title: str
	program: str
	argv: tuple
	talk: Callable
	destinations: tuple = (lab.SECONDARY, lab.ON_LO)
	needs: tuple = ()
	first: bool = True
	wrong: bool = True


def python_has(*modules):
	return not subprocess.run(('/usr/bin/python3', '-c', f'import {", ".join(modules)}'), capture_output=True).returncode


def rows(folder):
	with open(f'{folder}/danted.conf', 'w') as file:
		file.write(DANTE % {'any': '0.0.0.0', 'port': lab.PORT})
	os.mkdir(f'{folder}/baresip')
	with open(f'{folder}/baresip/config', 'w') as file:
		file.write(BARESIP % {'any': '0.0.0.0', 'port': lab.PORT, 'folder': folder})
	with open(f'{folder}/baresip/accounts', 'w') as file:
		file.write(BARESIP_ACCOUNT)
	yield Case('baresip, SIP over TCP', 'baresip', ('-f', f'{folder}/baresip'), invite, (lab.ON_LO,))
	yield Case('gst-rtsp-server', '/usr/bin/python3', ('-c', GST_SERVER % ('0.0.0.0', lab.PORT)), play, needs=('gi',))
	yield Case('gst-rtsp-server ::', '/usr/bin/python3', ('-c', GST_SERVER % ('::', lab.PORT)), play,
		destinations=(lab.FIRST6, lab.ON_LO6, lab.SECONDARY), needs=('gi',))
	yield Case('nuttcp -r', 'nuttcp', ('-S', '-P', str(lab.PORT), '--nofork'),
		run_client('nuttcp', '-r', '-u', '-T', '2', '-R', '1m', '-P', str(lab.PORT), '@ADDRESS@'))
	yield Case('iperf3 -R', 'iperf3', ('-s', '-p', str(lab.PORT)), run_client('iperf3', '-u', '-R', '-t', '2', '-p', str(lab.PORT), '-c', '@ADDRESS@'), first=False)
	yield Case('dante UDP ASSOCIATE', 'danted', ('-f', f'{folder}/danted.conf'), associate, first=False, wrong=False)


@contextlib.contextmanager
def started(argv, helped, **settings):
	program = Program(argv, helped, settings)
	try:
		end = time.monotonic() + lab.DEADLINE
		while not listens(lab.PORT):
			if time.monotonic() > end:
				raise NotReady(f'{argv[0]} does not listen: {program.errors()}')
			time.sleep(0.01)
		yield program
	finally:
		program.stop()


def sources(network, case, destination, helped, **settings):
	"""Where the server's datagrams came from, or the reason why none came."""
	try:
		with started((case.program, *case.argv), helped, **settings) as program, Wire(network) as wire:
			try:
				return case.talk(network, destination, wire)
			except OSError as error:
				return [f'{error} ({program.errors()[-200:]})']
	except NotReady as reason:
		return [str(reason)]


def judge(network, case, destination):
	plain = sources(network, case, destination, helped=False)
	without = sources(network, case, destination, helped=True)
	followed = sources(network, case, destination, helped=True, REPLYFROM_FOLLOW_TCP='1')
	others = lab.SERVER_ADDRESSES - {destination.address}
	expected = [(plain, case.wrong), (without, case.wrong and case.first), (followed, False)]
	tap.check(all(found and set(found) <= (others if wrong else {destination.address}) for found, wrong in expected),
		f'{case.title}, {destination.title}: from {destination.address}',
		f'plain, from:       {plain}', f'replyfrom, from:   {without}', f'--follow-tcp, from: {followed}')


def test(network):
	with tempfile.TemporaryDirectory() as folder:
		os.chmod(folder, 0o755)
		for case in rows(folder):
			if not shutil.which(case.program) or (case.needs and not python_has(*case.needs)):
				tap.unavailable(case.title, f'{case.program} {" ".join(case.needs)} is not installed')
				continue
			for destination in filter(network.has, case.destinations):
				judge(network, case, destination)


lab.main(test)
