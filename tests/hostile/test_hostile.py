# SPDX-License-Identifier: MIT
"""Hostile peers: whatever they send, the well-behaved client is answered from where it asked. `make check-hostile` takes longer."""
from battle import Battle, Network, lab, tap
from verdict import faults

AT_ONCE = (
	Battle('sources'),
	Battle('ports'),
	Battle('hosts'),
	Battle('addresses'),
	Battle('turncoats', receivers=2),
	Battle('garbage'),
	Battle('garbage', family='-4'),
	Battle('port-zero', receivers=2),
	Battle('icmp', errors=True),
	Battle('impostors', receivers=2),
	Battle('aimed'),
	Battle('sources', 'vector'),
	Battle('garbage', 'vector', family='-6'),
)
# A small table, so that a short flood is longer than it.
LATE = (
	Battle('sources', 'late', delays=(0, 16, 1024, 8192), peers=1024),
	Battle('hosts', 'late', delays=(0, 16, 1024, 8192), peers=1024, receivers=2),
	Battle('garbage', 'late', delays=(0, 16, 1024), peers=1024, receivers=2),
	Battle('aimed', 'late', delays=(0, 16, 1024)),
)


def test(network):
	battlefield = Network(network)
	for battle in AT_ONCE + LATE:
		if not network.has_ipv6 and battle.family != '-4':
			tap.unavailable(str(battle), 'no IPv6 on this machine')
			continue
		plain, helped = battle.fight(battlefield, helped=False), battle.fight(battlefield, helped=True)
		wrong = faults(battle, plain, helped)
		tap.check(not wrong, str(battle), *wrong, 'plain:', plain, 'replyfrom:', helped)


lab.main(test)
