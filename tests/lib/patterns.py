# SPDX-License-Identifier: MIT
"""Rows for the table: the test server in one mode, for IPv4, IPv6 and a dual-stack socket."""
import lab
from cases import Server, echo
from lab import IPV4, IPV6
from program import BUILD_DIRECTORY

SERVER = f'{BUILD_DIRECTORY}/tests/lib/server/server'
FAMILIES = {'-4': IPV4, '-6': IPV6, '-D': IPV6 + IPV4}


def argv(mode, *options):
	return (SERVER, *options, mode, str(lab.PORT))


def rows(modes, *options, families=('-4', '-6', '-D'), once=False, flow=2, without=()):
	"""One row for each mode and family."""
	for mode in modes:
		for family in families:
			destinations = tuple(each for each in FAMILIES[family] if each not in without)
			yield Server(' '.join(('server', family, *options, mode)), argv(mode, family, *options),
				destinations, echo, once, flow)
