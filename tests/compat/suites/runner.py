# SPDX-License-Identifier: MIT
"""Runs unittest modules and writes down how each test ended: runner.py OUTPUT MODULE..."""
import json
import sys
import unittest


class Result(unittest.TextTestResult):
	"""Keeps the outcome of each test by its name; of several (subtests, teardown) the worst."""
	ranks = ('ok', 'skipped', 'expected failure', 'unexpected success', 'failure', 'error')

	def __init__(self, *arguments, **names):
		super().__init__(*arguments, **names)
		self.outcomes = {}

	def _note(self, test, outcome):
		name = test.id()
		self.outcomes[name] = max(outcome, self.outcomes.get(name, 'ok'), key=self.ranks.index)

	def addSuccess(self, test):
		self._note(test, 'ok')

	def addSkip(self, test, reason):
		self._note(test, 'skipped')

	def addExpectedFailure(self, test, err):
		self._note(test, 'expected failure')

	def addUnexpectedSuccess(self, test):
		self._note(test, 'unexpected success')

	def addFailure(self, test, err):
		super().addFailure(test, err)
		self._note(test, 'failure')

	def addError(self, test, err):
		super().addError(test, err)
		self._note(test, 'error')

	def addSubTest(self, test, subtest, err):
		super().addSubTest(test, subtest, err)
		if err:
			self._note(test, 'failure')


def without_vsock(suite):
	"""VSOCK is no address family of ours, and its tests take a virtual machine."""
	for test in suite:
		if isinstance(test, unittest.TestSuite):
			yield from without_vsock(test)
		elif 'VSOCK' not in test.id().upper():
			yield test


def main():
	output, *modules = sys.argv[1:]
	if modules[0].startswith('test.'):
		from test import support
		support.use_resources = ['network']     # what is on this machine of it
	tests = unittest.TestSuite(without_vsock(unittest.defaultTestLoader.loadTestsFromNames(modules)))
	result = unittest.TextTestRunner(resultclass=Result, verbosity=0).run(tests)
	with open(output, 'w') as file:
		json.dump(result.outcomes, file)


main()
