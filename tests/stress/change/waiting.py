# SPDX-License-Identifier: MIT
"""The table of what can happen to the network between a request and its answer."""
from typing import NamedTuple

import twins

import lab
from lab import Destination

# What a helped server has to do then.
ASKED = 'from where it was asked'
AS_PLAIN = 'as without the library'
FORBIDDEN = 'not at all: a no that is not worked around'

SECONDARY = lab.SECONDARY       # 192.0.2.2
ON_LO = lab.ON_LO               # 198.51.100.53
FIRST6 = lab.FIRST6             # 2001:db8::1
ON_LO6 = lab.ON_LO6             # 2001:db8:53::53
ANYIP6 = Destination('IPv6 AnyIP', twins.ANYIP6, '2001:db8::100')


class Change(NamedTuple):
	title: str
	destination: Destination
	outcome: str
	commands: tuple         # of ip(8), while the datagram waits
	undo: tuple = ()        # and the network is as it was
	sysctls: tuple = ()     # (name, value before the commands, value after the undo)
	awaits: str = ''        # what `ip addr` shows some time after the commands
	duplicate: bool = False # the client has the address too
	before: tuple = ()      # destinations asked before, from another port
	way: str = ''           # for that way to serve alone


def detected(title, *sysctls, **more):
	"""The address comes back at once, but is not to be used until duplicate address detection is through."""
	return Change(title, FIRST6, AS_PLAIN, ('addr del 2001:db8::1/64 dev eth0', 'addr add 2001:db8::1/64 dev eth0'),
		('addr del 2001:db8::1/64 dev eth0', 'addr add 2001:db8::1/64 dev eth0 nodad'), sysctls=sysctls, **more)


# Detection that lasts until the test is through with it.
SLOW = ('ipv6/conf/eth0/dad_transmits', 100, 1)
KEEP = ('ipv6/conf/eth0/keep_addr_on_down', 1, 0)
DOWN_UP = ('link set eth0 down', 'link set eth0 up')
# What going down takes away.
LINK_LOCAL = ('addr replace fe80::1/64 dev eth0 nodad', 'addr replace fe80::53/64 dev eth0 nodad')
LOST6 = ('addr replace 2001:db8::1/64 dev eth0 nodad', 'addr replace 2001:db8::2/64 dev eth0 nodad', *LINK_LOCAL)

CHANGES = (
	Change('removed', SECONDARY, AS_PLAIN,
		('addr del 192.0.2.2/24 dev eth0',), ('addr add 192.0.2.2/24 brd + dev eth0',)),
	Change('removed', ON_LO, AS_PLAIN,
		('addr del 198.51.100.53/32 dev lo',), ('addr add 198.51.100.53/32 dev lo',)),
	Change('removed', FIRST6, AS_PLAIN,
		('addr del 2001:db8::1/64 dev eth0',), ('addr add 2001:db8::1/64 dev eth0 nodad',)),
	Change('removed', ON_LO6, AS_PLAIN,
		('addr del 2001:db8:53::53/128 dev lo',), ('addr add 2001:db8:53::53/128 dev lo nodad',)),
	Change('removed, and here again', SECONDARY, ASKED,
		('addr del 192.0.2.2/24 dev eth0', 'addr add 192.0.2.2/24 brd + dev eth0')),
	Change('removed, and here again', FIRST6, ASKED,
		('addr del 2001:db8::1/64 dev eth0', 'addr add 2001:db8::1/64 dev eth0 nodad')),
	Change('deprecated', FIRST6, ASKED,
		('addr change 2001:db8::1/64 dev eth0 preferred_lft 0',),
		('addr change 2001:db8::1/64 dev eth0 preferred_lft forever',)),
	detected('tentative', SLOW),
	detected('a duplicate of another host\'s', duplicate=True, awaits='dadfailed'),
	Change('removed, after an AnyIP address was asked', FIRST6, AS_PLAIN,
		('addr del 2001:db8::1/64 dev eth0',), ('addr add 2001:db8::1/64 dev eth0 nodad',), before=(ANYIP6,)),
	detected('tentative, after an AnyIP address was asked', SLOW, before=(ANYIP6,)),
	Change('moved to another link', SECONDARY, ASKED,
		('addr del 192.0.2.2/24 dev eth0', 'addr add 192.0.2.2/32 dev eth1'),
		('addr del 192.0.2.2/32 dev eth1', 'addr add 192.0.2.2/24 brd + dev eth0')),
	Change('moved to another link', ON_LO6, ASKED,
		('addr del 2001:db8:53::53/128 dev lo', 'addr add 2001:db8:53::53/128 dev eth1 nodad'),
		('addr del 2001:db8:53::53/128 dev eth1', 'addr add 2001:db8:53::53/128 dev lo nodad')),
	Change('link down and up', SECONDARY, ASKED, DOWN_UP, LOST6),
	Change('link down and up', FIRST6, ASKED, DOWN_UP, LINK_LOCAL, (KEEP,)),
	Change('link down and up, addresses lost', FIRST6, AS_PLAIN, (*DOWN_UP, 'addr add 2001:db8::2/64 dev eth0 nodad'), LOST6),
	Change('link down', SECONDARY, AS_PLAIN, ('link set eth0 down',), ('link set eth0 up', *LOST6)),
	Change('link down', FIRST6, AS_PLAIN, ('link set eth0 down',), ('link set eth0 up', *LOST6)),
	Change('rule: blackhole', SECONDARY, AS_PLAIN,
		('rule add from 192.0.2.2 blackhole',), ('rule del from 192.0.2.2 blackhole',)),
	Change('rule: unreachable', SECONDARY, AS_PLAIN,
		('rule add from 192.0.2.2 unreachable',), ('rule del from 192.0.2.2 unreachable',)),
	Change('rule: prohibit', SECONDARY, FORBIDDEN,
		('rule add from 192.0.2.2 prohibit',), ('rule del from 192.0.2.2 prohibit',)),
	Change('rule: unreachable', FIRST6, AS_PLAIN,
		('-6 rule add from 2001:db8::1 unreachable',), ('-6 rule del from 2001:db8::1 unreachable',)),
	Change('rule: blackhole', FIRST6, AS_PLAIN,
		('-6 rule add from 2001:db8::1 blackhole',), ('-6 rule del from 2001:db8::1 blackhole',)),
	Change('rule: another table', SECONDARY, ASKED,
		('route add 192.0.2.0/24 dev eth0 src 192.0.2.3 table 7', 'rule add from 192.0.2.2 lookup 7'),
		('rule del from 192.0.2.2 lookup 7', 'route flush table 7')),
	Change('no route to the peer', SECONDARY, AS_PLAIN,
		('route del 192.0.2.0/24 dev eth0',), ('route add 192.0.2.0/24 dev eth0 src 192.0.2.1',)),
	Change('no route to the peer', FIRST6, AS_PLAIN,
		('route add unreachable 2001:db8::100/128',), ('route del unreachable 2001:db8::100/128',)),
	Change('in a bridge', SECONDARY, ASKED, ('link set eth0 master br0',), ('link set eth0 nomaster',)),
	Change('in a bridge', FIRST6, ASKED, ('link set eth0 master br0',), ('link set eth0 nomaster',)),
	Change('in a bridge, rule: unreachable', SECONDARY, AS_PLAIN,
		('link set eth0 master br0', 'rule add from 192.0.2.2 unreachable'),
		('rule del from 192.0.2.2 unreachable', 'link set eth0 nomaster')),
	Change('moved to the bridge', SECONDARY, ASKED,
		('link set eth0 master br0', 'addr del 192.0.2.2/24 dev eth0', 'addr add 192.0.2.2/32 dev br0'),
		('addr del 192.0.2.2/32 dev br0', 'link set eth0 nomaster', 'addr add 192.0.2.2/24 brd + dev eth0')),
	Change('MTU 1280', SECONDARY, ASKED, ('link set eth0 mtu 1280',), ('link set eth0 mtu 1500',)),
	Change('MTU too small for IPv6', FIRST6, AS_PLAIN,
		('link set eth0 mtu 1200',), ('link set eth0 mtu 1500', *LOST6)),
)
