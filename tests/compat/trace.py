# SPDX-License-Identifier: MIT
"""Reads from a strace how a program receives requests and answers them."""
import re

CALLS = ('network', 'process', 'read', 'write', 'readv', 'writev', 'io_uring_setup')
PEERS = ('192.0.2.100', '2001:db8::100')
RECEIVES = ('recvfrom', 'recvmsg', 'recvmmsg', 'recvmmsg_time64', 'recv', 'read', 'readv')
SENDS = ('sendto', 'sendmsg', 'sendmmsg', 'send', 'write', 'writev')
_UNFINISHED = re.compile(r'^(\d+) +(.*) <unfinished \.\.\.>$')
_RESUMED = re.compile(r'^(\d+) +<\.\.\. \w+ resumed>(.*)$')
_ON_UDP = re.compile(r'^(\d+) +(\w+)\((\d+)<UDP(?:v6|-Lite|Litev6)?:\[(.*?)\]>(.*)\) += +(-?\d+)')
_CLONE = re.compile(r'^(\d+) +v?(?:clone3?|fork)\((.*)\) += +(\d+)')


def command(record):
	"""What to put in front of a program's command line."""
	return ('/usr/bin/strace', '-f', '-qq', '-yy', '-s', '32', '-e', 'signal=none', '-e', 'trace=' + ','.join(
		f'%{name}' if name in ('network', 'process') else name for name in CALLS), '-o', record)


def _whole(lines):
	"""The lines, with calls that were interrupted by others' put together."""
	begun = {}
	for line in lines:
		line = line.rstrip('\n')
		if match := _UNFINISHED.match(line):
			begun[match[1]] = line[:-len(' <unfinished ...>')]
		elif match := _RESUMED.match(line):
			yield begun.pop(match[1], match[1]) + match[2]
		else:
			yield line


class _Calls:
	def __init__(self, port):
		self.port = f':{port}'
		self.steps = []
		self.receivers, self.senders = set(), set()
		self.threads, self.processes = set(), set()
		self.connected = set()
		self.asks_pktinfo = self.sets_source = self.is_specific = False

	def note_clone(self, flags, child):
		(self.threads if 'CLONE_THREAD' in flags else self.processes).add(child)

	def note(self, process, call, descriptor, socket, arguments, result):
		local = socket.partition('->')[0]
		on_port, names_peer = local.endswith(self.port), any(peer in socket + arguments for peer in PEERS)
		if call == 'setsockopt' and re.search(r'PKTINFO, \[?1', arguments):
			self.asks_pktinfo = True
		if call == 'connect' and names_peer:
			self.connected.add(descriptor)
			self._note_step(call)
		elif call in RECEIVES and result > 0 and (on_port or names_peer):
			self._note_step(call + ('(MSG_PEEK)' if 'MSG_PEEK' in arguments else ''))
			self.receivers.add(process)
			self.is_specific |= not self.connected and not local.startswith(('0.0.0.0:', '[::]:'))
		# strace shows a socket as it was when first seen: a peer that it was connected to since is not in the line.
		elif call in SENDS and result > 0 and (names_peer or descriptor in self.connected or on_port and self.connected):
			self._note_step(call)
			self.senders.add(process)
			self.sets_source |= 'PKTINFO' in arguments

	def _note_step(self, call):
		if call not in self.steps:
			self.steps.append(call)

	def remarks(self):
		if self.is_specific:
			yield 'a socket for each address'
		if self.asks_pktinfo:
			yield 'sets the source itself' if self.sets_source else 'enables PKTINFO'
		others = self.senders - self.receivers
		if others & self.processes:
			yield 'another process replies'
		elif others and self.threads:
			yield 'another thread replies'
		elif len(self.receivers) > 1:
			yield 'several threads' if self.receivers & self.threads else 'several processes'


def describe(lines, port):
	"""The calls in the order of their first use, and remarks, in Markdown; empty if nothing was seen."""
	calls = _Calls(port)
	for line in _whole(lines):
		if match := _ON_UDP.match(line):
			calls.note(match[1], match[2], match[3], match[4], match[5], int(match[6]))
		elif match := _CLONE.match(line):
			calls.note_clone(match[2], match[3])
	if not calls.steps:
		return ''
	return '; '.join((', '.join(f'`{call}`' for call in calls.steps), *calls.remarks()))
