# SPDX-License-Identifier: MIT
"""The names in documents and comments: each file, folder and function that they name exists, and the maps of files in
docs/design.md and docs/bpf.md name every file of their folders."""
import glob
import os
import pathlib
import re
import sys

sys.path.insert(1, f'{sys.path[0]}/../lib')

import tap

TOP = pathlib.Path(os.environ['abs_top_srcdir'])
FOLDERS = 'bpf', 'completion', 'debian', 'docs', 'man', 'packaging', 'scripts', 'shim', 'tests', 'tools'
ENDINGS = 'c', 'h', 'S', 'py', 'sh', 'md'
DOCUMENTS = sorted([*TOP.glob('*.md'), *TOP.glob('docs/*.md'), *TOP.glob('man/*.[1-8]')])
SOURCES = sorted(path for folder in ('bpf', 'scripts', 'shim', 'tests', 'tools') for path in (TOP / folder).rglob('*')
                 if path.suffix[1:] in ENDINGS or path.parent.name == 'scripts')
FILES = {path.name for path in SOURCES + DOCUMENTS}
# Files of the Linux kernel, which comments give as the source of a rule.
KERNEL = re.compile(r'(include|kernel|net|security)/')
LIBBPF = re.compile(r'bpf/\w*bpf\w*\.h')

# In all texts: a path below one of our folders. Such a path may be a pattern, or lack its ending if it has two folders.
PATH = re.compile(rf'(?<![\w/.<$}}@-])(?:{"|".join(FOLDERS)})/(?:[\w*-]+/|[\w./*-]*[/.][\w*-]*[\w*])')
# A file's name with an ending, but not of a system header.
FILE = re.compile(rf'(?<![\w/.:$}}<*-])[\w./-]*\w\.(?:{"|".join(ENDINGS)})\b(?![\w/-])')
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.DOTALL)


def exists(name):
	"""Returns True if the path exists or is built, in any spelling that a document may use."""
	return LIBBPF.fullmatch(name) or any(
		glob.glob(f'{top}/{name}{ending}') for top in (TOP, os.environ['abs_top_builddir'])
		for ending in ('', '.in', *(f'.{ending}' for ending in ENDINGS)))


def file_exists(name, around):
	"""Returns True if a file's name exists: from the top, in shim/, beside the text, or, without a folder, anywhere."""
	if '/' not in name:
		return name in FILES
	return KERNEL.match(name) or any((folder / name).exists() for folder in (TOP, TOP / 'shim', around))


def missing_names(path):
	"""Returns the files that a text names and that do not exist."""
	text = path.read_text()
	names = {name for name in PATH.findall(text) if not exists(name)}
	if path.suffix in ('.c', '.h', '.S') and 'tests' not in path.parts:
		text = ' '.join(COMMENT.findall(text))
	elif path not in DOCUMENTS:
		text = ''  # Tests name files that they make.
	return sorted(names | {name for name in FILE.findall(text) if not file_exists(name, path.parent)})


def stems(folder):
	"""Returns the modules of a folder: its C and assembly files without their endings."""
	return {entry.name.split('.')[0] for entry in (TOP / folder).iterdir() if entry.suffix in ('.c', '.h', '.S')}


for document in DOCUMENTS:
	missing = missing_names(document)
	tap.check(not missing, f'{document.relative_to(TOP)} names files that exist', *missing)
missing = {f'{path.relative_to(TOP)}: {name}' for path in SOURCES for name in missing_names(path)}
tap.check(len(SOURCES) > 200 and not missing, 'sources name files that exist', *sorted(missing))

design = (TOP / 'docs/design.md').read_text()
words = set(re.findall(r'\w+', ' '.join(path.read_text() for path in SOURCES)))
missing = [name for name in re.findall(r'`(\w+)\(\)`', design) if name not in words]
tap.check(not missing, 'docs/design.md names functions that exist', *missing)

headings = set(re.findall(r'^#+ (.*)$', design, re.MULTILINE))
quoted = {(path.name, re.sub(r'[\s*#]+', ' ', heading)) for path in SOURCES
          for heading in re.findall(r'design\.md,[\s*#]*"([^"]+)"', path.read_text())}
missing = {f'{name}: {heading}' for name, heading in quoted if heading not in headings}
tap.check(quoted and not missing, 'comments name headings of docs/design.md that exist', *sorted(missing))

# Rows of a map: | folder/ | ... | names of its modules |
rows = dict(re.findall(r'^\| ((?:shim/|tools/)\w*/?) \| (.*) \|$', design, re.MULTILINE))
rooms = {f'{top}/{room}/' for top in ('shim', 'tools') for room in next(os.walk(TOP / top))[1] if stems(f'{top}/{room}')} | {'tools/'}
tap.check(rooms == set(rows), "docs/design.md's map has a row for tools/ and each folder of shim/ and tools/",
          *sorted(rooms ^ set(rows)))
for room, row in sorted(rows.items()):
	named = set(re.findall(r'\w+', re.sub(r'\([^)]*\)', '', row.rsplit('|', 1)[1])))
	tap.check(named == stems(room), f"docs/design.md's map names the modules of {room}, and no other",
	          *sorted(named ^ stems(room)))
named = set(re.findall(r'\b(\w+)(?:\.bpf)?\.[ch]\b', (TOP / 'docs/bpf.md').read_text()))
tap.check(stems('bpf') <= named, "docs/bpf.md names the modules of bpf/", *sorted(stems('bpf') - named))
tap.finish()
