# SPDX-License-Identifier: MIT
"""Stock programs under the BPF engine: the quick rows of the preload's table, and super-servers, whole. Those drop LD_PRELOAD,
so the preload has to stand in the line of each service; the engine helps whatever they start."""
import dataclasses
import sys

import engine
import lab

sys.path.insert(1, f'{engine.TESTS}/compat')

import kinds  # noqa: E402
import running  # noqa: E402
from stock import Stock  # noqa: E402

SUPERSERVERS = ('openbsd-inetd echo', 'openbsd-inetd wait service', 'systemd-socket-activate 0.0.0.0', 'systemd-socket-activate ::')


class Whole(Stock):
	"""A row whose service has no wrapper in its own line."""

	def prepare(self, scratch, helped):
		return super().prepare(scratch, False)


def whole(row):
	fields = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
	return Whole(**{**fields, 'in_service': False})


def test(network):
	for row in kinds.rows():
		if row.quick or row.name in SUPERSERVERS:
			running.check(whole(row), network)


engine.require()
lab.main(test)
