# SPDX-License-Identifier: MIT
"""The quick rows of the table of stock programs; `make check-programs` runs them all."""
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab

import kinds
import running


def test(network):
	for row in kinds.rows():
		if row.quick:
			running.check(row, network)


lab.main(test)
