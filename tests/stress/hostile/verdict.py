# SPDX-License-Identifier: MIT
"""What has to be so after a battle."""

AT_ONCE = ('at-once', 'pausing')
# Attacks after which a late answer may leave from the plain address, or from another one that was asked in the name
# of the client's host, as docs/security.md says.
FORGETS = ('impostors', 'aimed')
MISLEADS = ('impostors', 'neighbours')
AIMED_POOL = 1 << 13     # POOL of aimed.c
# An attack that never arrived has tested nothing: what the kernel counts then.
EVIDENCE = {
	'garbage': ('Udp.InCsumErrors', 'Ip.ReasmReqds'),
	'icmp': ('Icmp.InDestUnreachs',),
}


def _proofs(battle, plain):
	"""The battle without the library: is there something to be right about, and did the attack come?"""
	if not plain.total('plain'):
		yield 'without the library nothing was wrong'
	if plain.total('other'):
		yield 'the kernel chose another source than expected'
	for name in EVIDENCE.get(battle.attack, ()):
		if battle.family != '-6' and not plain.counted[name]:
			yield f'the attack never arrived: {name} is 0'
	if battle.attack not in EVIDENCE and plain.datagrams < 1.1 * plain.total('asked'):
		yield 'the attack never arrived'


def _must_be_right(battle, row):
	"""A thread's last receive is always known, and others while the table cannot have been filled anew."""
	if battle.mode in AT_ONCE or row.delay == 0 and battle.mode == 'late':
		return True
	distance = 64 if battle.mode == 'vector' else row.delay
	return battle.attack not in FORGETS and distance <= battle.peers // 8


def _answers(battle, helped):
	may_mislead = battle.attack in MISLEADS or battle.ports > 1
	for row in helped.rows.values():
		must_be_right = _must_be_right(battle, row)
		if row.other and (must_be_right or not may_mislead):
			yield f'after {row.delay}: {row.other} from an address that is neither the asked nor the plain one'
		if row.plain and must_be_right:
			yield f'after {row.delay}: {row.plain} from the plain address'


def _aim(battle, helped):
	"""With the key known, the attack of aimed.c does hit: twice its pool of peers lies between.

	Not every peer that it pushes out is answered wrongly, for the entry of its host may name the same address.
	Without an aim, this many peers push out none: the table holds four times as many.
	"""
	for row in helped.rows.values():
		if battle.attack == 'aimed' and battle.mode == 'late' and row.delay >= 2 * AIMED_POOL and 10 * row.right > 9 * row.asked:
			yield f'after {row.delay}: {row.right} of {row.asked} are right, so the aim is bad'


def _losses(name, outcome):
	if outcome.total('lost') > outcome.dropped:
		yield f'{name}: {outcome.total("lost")} lost, but only {outcome.dropped} for want of room in the queue'


def faults(battle, plain, helped):
	"""Texts; none when all was well."""
	found = [*_proofs(battle, plain), *_losses('plain', plain), *_losses('replyfrom', helped), *_answers(battle, helped),
		*_aim(battle, helped)]
	if helped.mapped[0] != helped.mapped[1]:
		found.append('the server has more memory than before')
	return found
