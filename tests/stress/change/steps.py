# SPDX-License-Identifier: MIT
"""The table of what changes under load: each entry is a change and the way back, which is a change too."""
from typing import NamedTuple

# Where is asked, in the order of the load generator's numbers.
ADDRESSES = ('192.0.2.1', '192.0.2.2', '192.0.2.3', '198.51.100.53', '2001:db8::1', '2001:db8::2', '2001:db8:53::53', 'fe80::1')
IPV4 = frozenset(address for address in ADDRESSES if '.' in address)
IPV6 = frozenset(ADDRESSES) - IPV4
ALL = IPV4 | IPV6
NONE = frozenset()


class Step(NamedTuple):
	"""One change."""
	commands: tuple = ()            # of ip(8), on the server's side
	client: tuple = ()              # on the client's
	touched: frozenset = NONE       # what is remembered of these can be refused while it happens
	down: frozenset = NONE          # where nobody can ask then
	plainly: frozenset = NONE       # may be asked, but is no source any more: the kernel's choice is right
	forbidden: frozenset = NONE     # the same, but with an error that is not worked around


class Change(NamedTuple):
	title: str
	there: Step
	back: Step
	sysctls: tuple = ()             # (name, value for as long as it takes, value after)


def address(*addresses):
	return frozenset(addresses)


SECOND, LO, FIRST6, LO6 = (address(ADDRESSES[number]) for number in (1, 3, 4, 6))
LINK = ALL - LO - LO6
NEW6 = ('addr replace 2001:db8::1/64 dev eth0 nodad', 'addr replace 2001:db8::2/64 dev eth0 nodad',
	'addr replace fe80::1/64 dev eth0 nodad', 'addr replace fe80::53/64 dev eth0 nodad')
CLIENT6 = ('addr replace 2001:db8::100/64 dev eth0 nodad', 'addr replace fe80::100/64 dev eth0 nodad',
	'route replace 2001:db8:53::53/128 via fe80::53 dev eth0')
CLIENT4 = ('route replace 198.51.100.53/32 via 192.0.2.3',)


def removed(line, touched, options=''):
	"""An address on an interface."""
	return Step((f'addr del {line}',), touched=touched, down=touched), Step((f'addr add {line} {options}',), touched=touched)


def ruled(rule, touched, **outcome):
	version = '-6 ' if ':' in rule else ''
	return Step((f'{version}rule add {rule}',), touched=touched, **outcome), Step((f'{version}rule del {rule}',), touched=touched)


def mtu(size, commands=(), **step):
	"""On both sides, since a veth does not take what is larger than its own."""
	line = f'link set eth0 mtu {size}'
	return Step((line, *commands), (line, *(CLIENT6 if commands else ())), **step)


FLAPS = 20
MOVED = ('192.0.2.1/24', '192.0.2.2/24', '192.0.2.3/24')
MOVED6 = ('2001:db8::1/64', '2001:db8::2/64', 'fe80::1/64', 'fe80::53/64')


def move(origin, goal):
	"""All addresses of the link to another interface."""
	for own in MOVED:
		yield f'addr del {own} dev {origin}'
	for own in MOVED:
		yield f'addr add {own} dev {goal}'
	for own in MOVED6:
		yield f'addr del {own} dev {origin}'
		yield f'addr add {own} dev {goal} nodad'


CHANGES = (
	Change('secondary address', *removed('192.0.2.2/24 dev eth0', SECOND)),
	Change('address on lo', *removed('198.51.100.53/32 dev lo', LO)),
	Change('IPv6 address', *removed('2001:db8::1/64 dev eth0', FIRST6, 'nodad')),
	Change('IPv6 address on lo', *removed('2001:db8:53::53/128 dev lo', LO6, 'nodad')),
	# The network's route goes with it and comes back with the next primary one: a source refused for want of it is tried without.
	Change('primary address',
		Step(('addr del 192.0.2.1/24 dev eth0',), touched=IPV4, down=address('192.0.2.1')),
		# Behind the others it would not be the primary one again.
		Step(tuple(f'addr {what} dev eth0' for what in ('del 192.0.2.2/24', 'del 192.0.2.3/24', 'add 192.0.2.1/24', 'add 192.0.2.2/24',
			'add 192.0.2.3/24')), touched=IPV4)),
	Change('flapping addresses',
		Step(('addr del 192.0.2.2/24 dev eth0', 'addr add 192.0.2.2/24 dev eth0', 'addr del 2001:db8::1/64 dev eth0',
			'addr add 2001:db8::1/64 dev eth0 nodad') * FLAPS, touched=SECOND | FIRST6),
		Step()),
	Change('deprecated', Step(('addr change 2001:db8::1/64 dev eth0 preferred_lft 0',)),
		Step(('addr change 2001:db8::1/64 dev eth0 preferred_lft forever',))),
	Change('tentative', Step(('addr del 2001:db8::1/64 dev eth0', 'addr add 2001:db8::1/64 dev eth0'), touched=FIRST6, down=FIRST6),
		Step(('addr del 2001:db8::1/64 dev eth0', 'addr add 2001:db8::1/64 dev eth0 nodad'), touched=FIRST6),
		(('ipv6/conf/eth0/dad_transmits', 100, 1),)),
	Change('detected',
		Step(('addr del 2001:db8::1/64 dev eth0', 'addr add 2001:db8::1/64 dev eth0'), touched=FIRST6), Step(),
		(('ipv6/neigh/eth0/retrans_time_ms', 50, 1000), ('ipv6/conf/eth0/router_solicitation_delay', 0, 1))),
	Change('link', Step(('link set eth0 down',), touched=ALL, down=ALL), Step(('link set eth0 up', *NEW6), touched=ALL)),
	Change('link, addresses kept', Step(('link set eth0 down',), touched=ALL, down=ALL),
		Step(('link set eth0 up', *NEW6[2:]), touched=ALL), (('ipv6/conf/eth0/keep_addr_on_down', 1, 0),)),
	Change('carrier', Step((), ('link set eth0 down',), touched=ALL, down=ALL),
		Step((), ('link set eth0 up', *CLIENT6, *CLIENT4), touched=ALL)),
	Change('flapping link', Step(('link set eth0 down', 'link set eth0 up', *NEW6) * 3, touched=ALL), Step()),
	Change('rule: unreachable', *ruled('from 192.0.2.2 unreachable', SECOND, plainly=SECOND)),
	Change('rule: blackhole', *ruled('from 192.0.2.2 blackhole', SECOND, plainly=SECOND)),
	Change('rule: prohibit', Step(('rule add from 192.0.2.2 prohibit',), touched=SECOND, forbidden=SECOND),
		Step(('rule del from 192.0.2.2 prohibit',), touched=SECOND, forbidden=SECOND)),
	Change('rule: IPv6 unreachable', *ruled('from 2001:db8::1 unreachable', FIRST6, plainly=FIRST6)),
	Change('rule: another table',
		Step(('route add 192.0.2.0/24 dev eth0 src 192.0.2.3 table 7', 'rule add from 192.0.2.2 lookup 7',
			'rule add from 198.51.100.53 lookup 7')),
		Step(('rule del from 198.51.100.53 lookup 7', 'rule del from 192.0.2.2 lookup 7', 'route flush table 7'))),
	Change('preferred source',
		Step(('route change 192.0.2.0/24 dev eth0 src 192.0.2.3', 'route add 2001:db8::100/128 dev eth0 src 2001:db8::1')),
		Step(('route change 192.0.2.0/24 dev eth0 src 192.0.2.1', 'route del 2001:db8::100/128 dev eth0'))),
	Change('no route', Step(('route add unreachable 192.0.2.100/32', 'route add unreachable 2001:db8::100/128'), touched=ALL,
			down=ALL - address('fe80::1')),
		Step(('route del unreachable 192.0.2.100/32', 'route del unreachable 2001:db8::100/128'), touched=ALL)),
	Change('moved to another link', Step(('addr del 192.0.2.2/24 dev eth0', 'addr add 192.0.2.2/32 dev eth1',
			'addr del 2001:db8:53::53/128 dev lo', 'addr add 2001:db8:53::53/128 dev eth1 nodad'), touched=SECOND | LO6),
		Step(('addr del 192.0.2.2/32 dev eth1', 'addr add 192.0.2.2/24 dev eth0',
			'addr del 2001:db8:53::53/128 dev eth1', 'addr add 2001:db8:53::53/128 dev lo nodad'), touched=SECOND | LO6)),
	Change('MTU', mtu(1280), mtu(1500)),
	Change('MTU too small for IPv6', mtu(1200, touched=IPV6, down=IPV6), mtu(1500, NEW6, touched=IPV6)),
	Change('bridge', Step(('link set eth0 master br0', *move('eth0', 'br0')), touched=ALL),
		Step(('link set eth0 nomaster', *move('br0', 'eth0')), touched=ALL)),
)
