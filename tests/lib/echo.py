# SPDX-License-Identifier: MIT
"""A server that echoes datagrams, in one of the ways Python offers: echo.py KIND PORT."""
import asyncio
import socket
import socketserver
import sys


class Echo(socketserver.BaseRequestHandler):
	def handle(self):
		payload, answering = self.request
		answering.sendto(payload, self.client_address)


class AsyncioEcho(asyncio.DatagramProtocol):
	def connection_made(self, transport):
		self.transport = transport

	def datagram_received(self, payload, peer):
		self.transport.sendto(payload, peer)


async def serve_asyncio(port):
	await asyncio.get_running_loop().create_datagram_endpoint(AsyncioEcho, local_addr=('0.0.0.0', port))
	await asyncio.Event().wait()


def serve_recvmsg(port):
	with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wildcard:
		wildcard.bind(('', port))
		while True:
			payload, _, _, peer = wildcard.recvmsg(2048)
			wildcard.sendmsg([payload], [], 0, peer)


def serve_dual_stack(port):
	with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as wildcard:
		wildcard.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
		wildcard.bind(('', port))
		while True:
			payload, peer = wildcard.recvfrom(2048)
			wildcard.sendto(payload, peer)


KINDS = {
	'UDPServer': lambda port: socketserver.UDPServer(('', port), Echo).serve_forever(),
	'ThreadingUDPServer': lambda port: socketserver.ThreadingUDPServer(('', port), Echo).serve_forever(),
	'ForkingUDPServer': lambda port: socketserver.ForkingUDPServer(('', port), Echo).serve_forever(),
	'asyncio': lambda port: asyncio.run(serve_asyncio(port)),
	'recvmsg': serve_recvmsg,
	'dual-stack': serve_dual_stack,
}

KINDS[sys.argv[1]](int(sys.argv[2]))
