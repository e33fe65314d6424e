# SPDX-License-Identifier: MIT
"""The servers of the soak: what is asked, how often, and how many questions may be under way."""
from dataclasses import dataclass, replace

import lab
import patterns
from program import BUILD_DIRECTORY

import nameservers
import others
from stock import Missing, Stock

RESTLESS = f'{BUILD_DIRECTORY}/tests/stress/soak/restless'
# Without a limit on the answers to one network; two processes with sockets of their own.
NSD = nameservers.NSD % '''ip-address: 0.0.0.0
	ip-address: ::0
	reuseport: yes
	server-count: 2
	rrl-ratelimit: 0'''


@dataclass(frozen=True)
class Server:
	row: Stock
	share: float = 1.0      # of the rate that the others are asked at: some start a program for each question
	window: int = 8         # questions under way; few, so that no queue runs over and each loss is the server's
	any_port: bool = False  # answers from other ports than the one that was asked, too
	may_stop: str = ''      # why questions may go unanswered without the library too: told, but no fault

	@property
	def name(self):
		return self.row.name

	@property
	def families(self):
		return {destination.family for destination in self.row.destinations}

	def missing(self):
		"""What is not installed, or an empty string."""
		try:
			self.row.find(self.row.argv[0])
		except Missing as reason:
			return str(reason)
		return ''


def _stock(rows, name, **changes):
	return Server(replace(next(row for row in rows if row.name == name), **changes))


def _python(kind, destinations):
	return Server(Stock(f'Python {kind}', 'python3', ('python3', lab.ECHO, kind, str(lab.PORT)), destinations=destinations))


SERVERS = (
	Server(Stock('socat UDP6-RECVFROM,fork', 'socat', ('socat', f'UDP6-RECVFROM:{lab.PORT},ipv6only=0,fork', 'EXEC:cat')), share=0.1,
		window=1, may_stop='socat 1.7.4 can miss the signal by which its child says that it took the datagram'),
	_python('ThreadingUDPServer', lab.IPV4),
	_python('dual-stack', lab.IPV4 + lab.IPV6),
	_stock(nameservers.ROWS, 'dnsmasq --bind-interfaces'),
	_stock(nameservers.ROWS, 'unbound, threads'),
	_stock(nameservers.ROWS, 'nsd ip-address: 0.0.0.0', files=(('nsd.conf', NSD), nameservers.ZONE_FILE)),
	_stock(others.ROWS, 'memcached'),
	Server(Stock('pre-forked', '', patterns.argv('prefork', '-D'))),
	# Who answers has heard nobody itself: it takes the table to know where was asked.
	Server(Stock('receives and answers apart', '', patterns.argv('another-process', '-D'))),
	Server(Stock('restless', '', (RESTLESS, str(lab.PORT))), share=0.5, any_port=True),
)
