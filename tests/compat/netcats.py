# SPDX-License-Identifier: MIT
"""netcats and socat."""
from lab import PORT
from program import are_both_bound

from conversation import chat
from stock import IPV4, Stock

P = str(PORT)


def _socat(title, address, peer='EXEC:cat', **settings):
	return Stock(f'socat {title}', 'socat', ('socat', address.replace('5000', P), peer), **settings)


ROWS = (
	Stock('nc.openbsd -u -l', 'netcat-openbsd', ('nc.openbsd', '-u', '-l', P), talk=chat, once=True, flow=3, destinations=IPV4),
	Stock('nc.openbsd -6 -u -l', 'netcat-openbsd', ('nc.openbsd', '-6', '-u', '-l', P), talk=chat, once=True, flow=3),
	Stock('nc.traditional -u -l', 'netcat-traditional', ('nc.traditional', '-u', '-l', '-p', P), talk=chat, once=True, flow=3,
		destinations=IPV4),
	Stock('nc.traditional -e', 'netcat-traditional', ('nc.traditional', '-u', '-l', '-p', P, '-e', '/bin/cat'), once=True,
		flow=3, destinations=IPV4),
	Stock('ncat -u -l', 'ncat', ('ncat', '-u', '-l', P), talk=chat, once=True, flow=3, ready=are_both_bound),
	Stock('ncat -e', 'ncat', ('ncat', '-u', '-l', P, '-e', '/bin/cat'), once=True, flow=3, ready=are_both_bound),
	Stock('ncat -k --sh-exec', 'ncat', ('ncat', '-u', '-l', '-k', P, '--sh-exec', 'cat'), flow=3, ready=are_both_bound),
	_socat('UDP4-LISTEN', 'UDP4-LISTEN:5000', once=True, destinations=IPV4),
	_socat('UDP4-LISTEN,fork', 'UDP4-LISTEN:5000,reuseaddr,fork', destinations=IPV4),
	_socat('UDP4-LISTEN to PIPE', 'UDP4-LISTEN:5000', 'PIPE', once=True, destinations=IPV4),
	_socat('UDP4-RECVFROM', 'UDP4-RECVFROM:5000', once=True, flow=1, destinations=IPV4),
	_socat('UDP4-RECVFROM,fork', 'UDP4-RECVFROM:5000,fork', destinations=IPV4),
	_socat('UDP6-LISTEN,fork', 'UDP6-LISTEN:5000,reuseaddr,fork,ipv6only=0'),
	_socat('UDP6-RECVFROM,fork', 'UDP6-RECVFROM:5000,fork,ipv6only=0'),
)
