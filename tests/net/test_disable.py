# SPDX-License-Identifier: MIT
"""The settings that leave a socket alone: then the answer comes from where the kernel wants, as without replyfrom."""
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import tap

ARGV = (sys.executable, lab.ECHO, 'dual-stack', str(lab.PORT))
DESTINATIONS = (lab.SECONDARY, lab.FIRST6)

# Settings, and whether they leave the port of the server to be helped.
SETTINGS = (
	({}, True),
	({'REPLYFROM_DISABLE': '1'}, False),
	({'REPLYFROM_PORTS': '53'}, False),
	({'REPLYFROM_PORTS': '53,69,5001-5999'}, False),
	({'REPLYFROM_PORTS': '5000'}, True),
	({'REPLYFROM_PORTS': '53,4990-5000'}, True),
	({'REPLYFROM_PORTS': '5000', 'REPLYFROM_DISABLE': '1'}, False),
)


def sources(network, destinations, helped, settings):
	with network.start(ARGV, helped, **settings):
		for destination in destinations:
			with network.client(destination) as client:
				yield client.ask(b'hello')


def test(network):
	destinations = [destination for destination in DESTINATIONS if network.has(destination)]
	asked = [destination.address for destination in destinations]
	plain = list(sources(network, destinations, False, {}))
	tap.check(all(source and source != address for source, address in zip(plain, asked)),
		'without replyfrom: from another address', plain)
	for settings, is_helped in SETTINGS:
		title = ' '.join(f'{name}={value}' for name, value in settings.items()) or 'no settings'
		expected = asked if is_helped else plain
		answered = list(sources(network, destinations, True, settings))
		tap.check(answered == expected, f'{title}: {"helped" if is_helped else "left alone"}',
			f'expected {expected}', f'answered from {answered}')


lab.main(test)
