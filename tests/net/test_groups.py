# SPDX-License-Identifier: MIT
"""A request by broadcast or multicast: a group is no source, so the answer comes from where the kernel wants."""
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import tap
from lab import Destination

BROADCAST = Destination('subnet broadcast', '192.0.2.255', '192.0.2.100')
LIMITED = Destination('limited broadcast', '255.255.255.255', '192.0.2.100')
MULTICAST = Destination('multicast', '224.0.0.1', '192.0.2.100')
MULTICAST6 = Destination('IPv6 multicast', 'ff02::1', 'fe80::100')

# The server, the group, and the address at which the same peer asks in between.
CASES = (
	('UDPServer', BROADCAST, lab.SECONDARY),
	('UDPServer', LIMITED, lab.SECONDARY),
	('UDPServer', MULTICAST, lab.SECONDARY),
	('dual-stack', BROADCAST, lab.SECONDARY),
	('dual-stack', LIMITED, lab.SECONDARY),
	('dual-stack', MULTICAST6, lab.LINK_LOCAL),
)


def sources(network, kind, group, unicast, helped):
	"""Of a group's first answer, then an address', the group's again and the address' again, all from one port."""
	with network.start((sys.executable, lab.ECHO, kind, str(lab.PORT)), helped), network.client(group) as client:
		return [client.ask(f'ask {number}'.encode(), destination.address)
			for number, destination in enumerate((group, unicast, group, unicast))]


def test(network):
	for kind, group, unicast in CASES:
		title = f'{kind}, {group.title}'
		if not network.has(group):
			tap.unavailable(title, 'no IPv6 on this machine')
			continue
		plain = sources(network, kind, group, unicast, helped=False)
		chosen = plain[0]
		tap.check(chosen in lab.SERVER_ADDRESSES and plain == [chosen] * 4 and chosen != unicast.address,
			f'{title}, without replyfrom: always from one address', plain)
		helped = sources(network, kind, group, unicast, helped=True)
		tap.check(helped == [chosen, unicast.address] * 2, f'{title}: as the kernel chooses, and {unicast.title} as asked',
			f'plain, from:     {plain}', f'replyfrom, from: {helped}')


lab.main(test)
