# SPDX-License-Identifier: MIT
"""What the samples of a server and of its plain twin mean, and the table of them all."""

# What may be more than at a tenth of the time, beyond the plain twin's growth: for a server, and for each of its processes.
# Some is there in passing when the sample is taken.
GROWING = (
	('anonymous', 'KiB of memory', 64, 16),
	('descriptors', 'descriptors', 4, 0),
	('threads', 'threads', 4, 0),
	('mappings', 'mappings', 16, 0),        # stacks and arenas of threads
)
HEAD = ('SERVER', 'RUN', 'QUESTIONS', 'PEERS', 'WRONG', 'LOST', 'KIB AT 10%', 'AT END', 'TABLE', 'FDS AT 10%', 'AT END',
	'THREADS', 'CHILDREN', 'LEARNT', 'SOURCED', 'VERDICT')


class Side:
	"""One run of a server: what its process told."""

	def __init__(self):
		self.samples = []
		self.end = None
		self.failure = ''

	def take(self, what, content):
		if what == 'sample':
			self.samples.append(content)
		elif what == 'end':
			self.end = content
		elif what == 'failed':
			self.failure = content

	@property
	def is_over(self):
		return bool(self.end or self.failure)

	def warm(self):
		"""The sample at a tenth of the time, and the last."""
		samples = [sample for sample in self.samples if sample['warm']]
		return (samples[0], samples[-1]) if samples else (None, None)

	def growth(self, name):
		first, last = self.warm()
		return last[name] - first[name]

	def as_json(self):
		return {'samples': self.samples, 'end': self.end, 'failure': self.failure}


def _faults_of_any(server, side):
	if side.failure:
		yield side.failure
		return
	first, last = side.warm()
	if not first or not first['processes']:
		yield 'no process lasted until a tenth of the time'
	elif last['processes'] < first['processes']:
		yield f'{first["processes"] - last["processes"]} of {first["processes"]} lasting processes ended'
	if not side.end['answers']:
		yield 'no answer'
	if side.end['unanswered'] and not server.may_stop:
		yield f'{side.end["unanswered"]} questions never answered'


def _faults_of_answers(server, plain, helped):
	if helped.end['wrong']:
		yield f'{helped.end["wrong"]} answers from a wrong source: {helped.end["example"]}'
	if helped.end['lost'] > plain.end['lost'] and not server.may_stop:
		yield f'{helped.end["lost"]} lost, {plain.end["lost"]} without the library'
	if not plain.end['wrong']:
		yield 'the plain twin is never wrong: proves nothing'
	if helped.end['said']:
		yield f'the library said: {helped.end["said"][0]}'


def _faults_of_resources(plain, helped):
	first, last = helped.warm()
	for name, title, allowed, for_each in GROWING:
		more = helped.growth(name) - max(0, plain.growth(name))
		if more > allowed + for_each * first['processes']:
			yield f'{more} {title} more than the plain twin since a tenth of the time'
	if last['idle']:
		yield f'not at work in {len(last["idle"])} processes'
	if last['tables'] != last['processes']:
		yield f'{last["tables"]} mappings of shared memory in {last["processes"]} processes'


def faults(server, plain, helped):
	"""What is wrong with a server's two runs that are over: sentences."""
	found = [f'plain: {fault}' for fault in _faults_of_any(server, plain)] + list(_faults_of_any(server, helped))
	if found:
		return found
	return [*_faults_of_answers(server, plain, helped), *_faults_of_resources(plain, helped)]


def remarks(server, plain, helped):
	"""What is no fault, but has to be known."""
	for kind, each in (('plain', plain), ('helped', helped)):
		if each.end and each.end['lost'] and server.may_stop:
			yield f'{kind}: {each.end["lost"]} lost, {each.end["unanswered"]} never answered: {server.may_stop}'


def _row(server, run, side, said):
	first, last = side.warm()
	if not first or not side.end:
		return (server.name, run, *('-',) * (len(HEAD) - 3), said)
	counters = last.get('counters', {})
	return (server.name, run, side.end['questions'], side.end['peers'], side.end['wrong'], side.end['lost'],
		first['anonymous'], last['anonymous'], last['table'], first['descriptors'], last['descriptors'],
		last['threads'], max(sample['others'] for sample in side.samples), counters.get('learnt', '-'),
		counters.get('sourced', '-'), said)


def table(pairs):
	"""Lines. pairs: (server, plain, helped)."""
	rows = [HEAD]
	for server, plain, helped in pairs:
		rows.append(_row(server, 'plain', plain, ''))
		rows.append(_row(server, 'helped', helped, 'FAULT' if faults(server, plain, helped) else 'well'))
	widths = [max(len(str(row[column])) for row in rows) for column in range(len(HEAD))]
	for row in rows:
		cells = [str(cell).ljust(width) if column < 2 or column == len(HEAD) - 1 else str(cell).rjust(width)
			for column, (cell, width) in enumerate(zip(row, widths))]
		yield '  '.join(cells).rstrip()
