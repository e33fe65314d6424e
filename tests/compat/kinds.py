# SPDX-License-Identifier: MIT
"""All rows, by kind."""
import access
import calls
import nameservers
import netcats
import others
import runtimes
import smallservices
import superservers

KINDS = (
	('netcats and socat', netcats.ROWS),
	('language runtimes', runtimes.ROWS),
	('super servers', superservers.ROWS),
	('name servers', nameservers.ROWS),
	('TFTP, NTP, SNMP, RPC', smallservices.ROWS),
	('RADIUS and Kerberos', access.ROWS),
	('VPN, VoIP, CoAP, QUIC', calls.ROWS),
	('caches, proxies, trackers, measurement, games', others.ROWS),
)


def rows():
	return [row for _, rows_of_kind in KINDS for row in rows_of_kind]
