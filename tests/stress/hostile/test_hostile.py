# SPDX-License-Identifier: MIT
"""Hostile peers: whatever they send, the well-behaved client is answered from where it asked. `make check-hostile` takes longer."""
from battle import Battle, Network, lab
import tap
from verdict import faults

# A small table, so that a short flood fills it.
SMALL = 1024

BATTLES = (
	Battle('sources', peers=SMALL),
	Battle('ports', peers=SMALL),
	Battle('hosts', peers=SMALL),
	Battle('addresses', peers=SMALL),
	Battle('prefix', peers=SMALL),
	Battle('turncoats', peers=SMALL, receivers=2),
	Battle('garbage', peers=SMALL),
	Battle('garbage', family='-4', peers=SMALL),
	Battle('port-zero', peers=SMALL, receivers=2),
	Battle('unreachable', peers=SMALL, receivers=2),
	Battle('icmp', 'pausing', hosts=16, peers=SMALL, errors=True),
	Battle('impostors', 'pausing', hosts=8, questions=64, peers=SMALL, receivers=4),
	Battle('aimed', peers=SMALL),
	Battle('sources', 'vector', peers=SMALL),
	Battle('garbage', 'vector', family='-6', peers=SMALL),
	Battle('sources', 'late', delays=(0, 16, 128, 8192), peers=SMALL, questions=16),
	Battle('hosts', 'late', delays=(0, 16, 128, 8192), peers=SMALL, receivers=2),
	Battle('neighbours', 'late', delays=(0, 16, 128), peers=SMALL),
	Battle('prefix', 'late', delays=(0, 16, 128), peers=SMALL),
	Battle('garbage', 'late', delays=(0, 16, 128), peers=SMALL, receivers=2),
	Battle('aimed', 'late', delays=(0, 16384), questions=2, peers=8192),
)


def test(network):
	battlefield = Network(network)
	for battle in BATTLES:
		if not network.has_ipv6 and battle.family != '-4':
			tap.unavailable(str(battle), 'no IPv6 on this machine')
			continue
		plain, helped = battle.fight(battlefield, helped=False), battle.fight(battlefield, helped=True)
		wrong = faults(battle, plain, helped)
		tap.check(not wrong, str(battle), *wrong, 'plain:', plain, 'replyfrom:', helped)


lab.main(test)
