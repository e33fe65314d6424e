# SPDX-License-Identifier: MIT
"""Prints results in the Test Anything Protocol, as Automake's tap-driver.sh reads them."""
import os
import sys

_cases = 0
_failed = 0


def _line(text):
	print(text.replace('\n', ' '), flush=True)


def check(passed, title, *remarks):
	"""Print one case; what helps to understand a failure follows it as comments."""
	global _cases, _failed
	_cases += 1
	_failed += not passed
	_line(f'{"ok" if passed else "not ok"} {_cases} - {title.replace("#", "no. ")}')
	if not passed:
		for remark in remarks:
			for text in str(remark).splitlines():
				_line(f'# {text}')


# In continuous integration, with root's rights, whatever is missing is a failure: a skip could hide one.
# Asked now, since in a user namespace everybody is root.
_is_strict = os.environ.get('CI') == 'true' and os.geteuid() == 0


def unsupported(title, reason):
	"""Skip one case that this machine's kernel can not do; nothing that is installed would change it."""
	global _cases
	_cases += 1
	_line(f'ok {_cases} - {title} # SKIP {reason}')


def unavailable(title, reason):
	"""Skip one case for want of something on this machine."""
	if _is_strict:
		check(False, f'{title}: {reason}')
	else:
		unsupported(title, reason)


def unavailable_all(reason):
	"""Skip the whole test for want of something on this machine."""
	if _is_strict:
		_line(f'Bail out! {reason}')
		sys.exit(1)
	_line(f'1..0 # SKIP {reason}')
	sys.exit(0)


def finish():
	"""Print the plan (last, so that a test which broke off has none, which is an error) and exit."""
	_line(f'1..{_cases}')
	sys.exit(1 if _failed else 0)
