# SPDX-License-Identifier: MIT
"""The quick rows of the table of stock programs; `make check-programs` runs them all."""
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import lab
import tap

import kinds
import running


def test(network):
	for row in kinds.rows():
		if not row.quick:
			continue
		outcome = running.run(row, network, with_trace=False)
		if outcome.missing:
			tap.unavailable(row.name, outcome.missing)
			continue
		for destination in outcome.plain:
			wrong = destination.by_chance or destination in outcome.wrong_without()
			tap.check(wrong and destination in outcome.right_with(), f'{row.name}, {destination.title}: from {destination.address}',
				f'plain, from:     {outcome.plain[destination]}', f'replyfrom, from: {outcome.helped.get(destination)}', outcome.refusal)


lab.main(test)
