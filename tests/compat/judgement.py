# SPDX-License-Identifier: MIT
"""What the answers of a program without and with replyfrom mean."""
from dataclasses import dataclass, field

import lab

OWN_IPV4 = {'192.0.2.1', '192.0.2.2', '192.0.2.3'}
BROADCAST = lab.Destination('IPv4 broadcast', '192.0.2.255', '192.0.2.100', by_chance=True)


def is_source_right(destination, source):
	"""A broadcast may be answered from any address of that network."""
	return source in OWN_IPV4 if destination == BROADCAST else source == destination.address


def verdict(destination, sources, flow):
	"""silent, wrong (another source, or what follows on the flow is lost), or right."""
	if not sources or sources[0] is None:
		return 'silent'
	if destination == BROADCAST:
		# A socket that was connected to the peer hears no broadcasts any more, with replyfrom or without.
		flow, sources = 1, sources[:1]
	right = len(sources) == flow and all(is_source_right(destination, source) for source in sources)
	return 'right' if right else 'wrong'


@dataclass
class Outcome:
	"""One row's run. plain and helped: the sources of the answers at each destination."""
	row: object
	version: str = ''
	calls: str = ''
	missing: str = ''                               # why it was skipped
	plain: dict = field(default_factory=dict)
	helped: dict = field(default_factory=dict)
	refusal: str = ''                               # what stopped a run before its first answer

	def _with(self, answers, *verdicts):
		return [destination for destination in self.plain
			if verdict(destination, answers.get(destination), self.row.flow) in verdicts]

	def answered(self):
		return self._with(self.plain, 'right', 'wrong')

	def wrong_without(self):
		return self._with(self.plain, 'wrong')

	def right_with(self):
		return self._with(self.helped, 'right')

	def left_wrong(self):
		"""What is not right with replyfrom, though the program answers there."""
		right = self.right_with()
		return [destination for destination in self.plain
			if destination not in right and (destination in self.answered() or destination in self._with(self.helped, 'wrong'))]

	def faults(self):
		"""What makes the run a failure: a list of sentences."""
		if self.missing:
			return []
		if not self.answered():
			return [f'{self.row.name}: no answer anywhere without replyfrom: {self.refusal or "is its row right?"}']
		excused = self.row.stays or (self.answered() if self.row.reason else ())
		sentences = [f'{self.row.name}, {destination.title}: without {self.plain[destination]}, with {self.helped.get(destination)}'
			f'{"; " + self.refusal if self.refusal else ""}' for destination in self.left_wrong() if destination not in excused]
		if self.row.reason and not self.left_wrong():
			sentences.append(f'{self.row.name}: right everywhere; "{self.row.reason}" is not so any more')
		return sentences
