# SPDX-License-Identifier: MIT
"""The patches of `make check-mutants` apply to the sources as they are, and name tests that exist."""
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import mutants
import tap

patches = mutants.mutants()
faults = [f'{mutant.name}: {fault}' for mutant in patches for fault in [
	mutant.apply(mutants.SOURCE, '--dry-run'),
	None if mutant.fault else 'what it breaks is not said',
	None if mutant.has_finder() else f'no test {mutant.finder[0]}'] if fault]
tap.check(len(patches) > 40 and not faults, 'each mutant applies, and says what it breaks and which test finds it', *faults)
tap.finish()
