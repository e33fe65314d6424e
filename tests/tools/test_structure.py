# SPDX-License-Identifier: MIT
"""The structure of the library, as in docs/design.md: `#include` goes down the list of folders, no headers include each
other in a circle, a module is one .c and one .h of that name, and each function has a name of its own."""
import collections
import os
import pathlib
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'lib'))
import tap

SHIM = pathlib.Path(os.environ['abs_top_srcdir']) / 'shim'
# From the top down. libc/ is beside them: every folder may include its headers, and it includes only its own.
FOLDERS = ['hooks', 'calls', 'sockets', 'peers', 'wire', 'base']
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.DOTALL)


def read(path):
	"""Returns a file's text without its comments, and with each continued line as one."""
	return COMMENT.sub('', path.read_text()).replace('\\\n', ' ')


TEXTS = {str(path.relative_to(SHIM)): read(path) for path in sorted(SHIM.glob('*/*.[chS]'))}
INCLUDES = {name: re.findall(r'^#include "(.*)"$', text, re.MULTILINE) for name, text in TEXTS.items()}


def goes_up(name, included):
	"""Returns True if the file may not include that header."""
	folder, other = name.split('/')[0], included.split('/')[0]
	if 'libc' in (folder, other):
		return other != 'libc'
	return FOLDERS.index(other) < FOLDERS.index(folder)


def circle(name, way=()):
	"""Returns the headers of a circle of includes that begins with this one, or None."""
	if name in way:
		return [*way[way.index(name):], name]
	return next(filter(None, (circle(included, (*way, name)) for included in INCLUDES.get(name, ()))), None)


def guard(name):
	"""Returns the guard that a header of that name has."""
	return re.sub(r'\W', '_', name.split('/')[1]).upper()


def declared(text):
	"""Returns the names of the functions and variables that a header declares, and does not define."""
	text = re.sub(r'^#.*$', '', text, flags=re.MULTILINE)
	for _ in range(4):
		text = re.sub(r'\{[^{}]*\}', ';', text)
	text = re.sub(r'__attribute__\(\(.*?\)\)+', '', text)
	functions = re.findall(r'^(?!static|typedef|extern)\w[^;{}=()]*[\s*](\w+)\([^;{}=]*\)\s*;', text, re.MULTILINE)
	variables = ' '.join(re.findall(r'^extern [^;]*;', text, re.MULTILINE))
	return {*functions, *re.findall(r'(\w+)(?:\[[^\]]*\])?[,;]', variables)}


def defined(text):
	"""Returns the functions that a file defines."""
	text = re.sub(r'__attribute__\(\(.*?\)\)+', '', re.sub(r'^#.*$', '', text, flags=re.MULTILINE))
	return set(re.findall(r'^\w[^;={}()]*?(\w+)\([^;{}]*\)\s*\{', text, re.MULTILINE))


up = [f'{name} includes {included}' for name, all_of in INCLUDES.items() for included in all_of
      if goes_up(name, included)]
tap.check(len(TEXTS) > 50 and not up, 'includes go down the list of folders', *up)
missing = [f'{name}: {included}' for name, all_of in INCLUDES.items() for included in all_of if included not in TEXTS]
tap.check(not missing, 'includes name a file by its folder', *missing)
circles = [' > '.join(way) for way in map(circle, INCLUDES) if way]
tap.check(not circles, 'no headers include each other in a circle', *circles)

headers = [name for name in TEXTS if name.endswith('.h')]
wrong = [name for name in headers if '#ifndef' in TEXTS[name]
         and f'#ifndef {guard(name)}\n#define {guard(name)}\n' not in TEXTS[name]]
tap.check(not wrong, "a header's guard is its name", *wrong)
torn = [f'{name}: {item}' for name in headers for item in sorted(declared(TEXTS[name]))
        if not re.search(rf'^\w[^;]*\b{item}\b(?:\(|\[|,| =|;)', TEXTS.get(f'{name[:-1]}c', ''), re.MULTILINE)]
tap.check(len(headers) > 30 and not torn, 'what a header declares is in the .c of its name', *torn)

counts = collections.Counter(name for text in TEXTS.values() for name in defined(text))
several = [name for name, count in counts.items() if count > 1]
tap.check(len(counts) > 300 and not several, 'each function has a name of its own', *several)
tap.finish()
