#!/bin/sh
# SPDX-License-Identifier: MIT
# The documents: their links and anchors exist, their tables are whole, the options that they show exist, and so do the
# tests of their promises.
# No word in them and in the sources is misspelled.
# shellcheck disable=SC2016 # what is in backquotes is of the documents, and what follows a dollar is for make

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

cd "$abs_top_srcdir" || exit 99
options=$("$replyfrom" --help | sed -n 's/^  --\([a-z-]*\).*/\1/p')

# anchor TEXT: what a heading is called in links
anchor() {
	printf '%s\n' "$1" | tr '[:upper:] ' '[:lower:]-' | tr -cd 'a-z0-9_\n-'
}

for document in README.md docs/*.md; do
	missing=
	links=$(grep -o '](\([^):]*\))' "$document" | sed 's/^](//; s/)$//')
	for link in $links; do
		file=$document
		[ -z "${link%%#*}" ] || file=$(dirname "$document")/${link%%#*}
		if [ ! -e "$file" ]; then
			missing="$missing $link"
			continue
		fi
		case $link in *#*)
			found=
			while read -r heading; do
				[ "$(anchor "$heading")" != "${link#*#}" ] || found=yes
			done <<-END
				$(sed -n 's/^##* //p' "$file")
			END
			[ -n "$found" ] || missing="$missing $link"
			;;
		esac
	done
	same "$document: its links" '' "$missing"
	missing=
	shown=$(grep -o 'replyfrom \(--[a-z-]*[ `]\)*' "$document" | grep -o -- '--[a-z-]*')
	for option in $shown; do
		printf '%s\n' "$options" | grep -qx -- "${option#--}" || missing="$missing $option"
	done
	same "$document: its options of replyfrom" '' "$missing"
done

# A table has a head, then a row of dashes, and each row has as many cells as the head; "\|" is no border of a cell.
for document in *.md docs/*.md tests/bench/performance.md.in; do
	same "$document: its tables" '' "$(awk '
		{ gsub(/\\[|]/, "") }
		!/^[|]/ { if (line == 1) print "line " NR - 1 ": a table of one line"; line = 0; next }
		{ cells = gsub(/[|]/, "|") }
		++line == 1 { head = cells }
		line == 2 && !/^([|] *:?-+:? *)+[|]$/ { print "line " NR ": no row of dashes" }
		cells != head || !/[|] *$/ { print "line " NR ": " cells - 1 " cells, not " head - 1 }
		END { if (line == 1) print "line " NR ": a table of one line" }
	' "$document")"
done

if command -v codespell >/dev/null; then
	# Not misspelled: a macro of mdoc, a field of Python, an option of clang's analyzer.
	same 'words are spelled right' '' "$(codespell --ignore-words-list=nd,readby,optin --skip='*.log,*.trs,*.o,*.pyc,*.skel.h' \
		./*.md bpf completion docs man packaging scripts shim tests tools 2>&1)"
else
	unavailable 'spelling' 'codespell is not installed'
fi

tests=$(make_prints TESTS)
distributed=$(make_prints DISTFILES)
like 'make tells its tests' '*tests/unit/test_exports.sh*' "$tests"
like 'make tells what it distributes' '*tests/unit/test_exports.sh*' "$distributed"

# is_tested NAME: a test, as it is or with its ending left out; or a pattern of tests.
is_tested() {
	for test in $tests; do
		# shellcheck disable=SC2254 # the pattern is wanted
		case $test in $1 | $1.py | $1.sh)
			printf '%s\n' "$distributed" | grep -qx -e "$test" -e "$test\.c" && return
			;;
		esac
	done
	return 1
}

# In docs/security.md a name without a folder is in that of the one before.
promises=docs/security.md
names=$(grep -o '`tests*[/_][^` ]*`' "$promises" | tr -d '`')
missing=
count=0
set -f
for name in $names; do
	case $name in
	test_*) name=$folder/$name ;;
	tests/*) ;;
	*) continue ;;
	esac
	folder=${name%/*}
	count=$((count + 1))
	is_tested "$name" || missing="$missing $name"
done
set +f
same "$promises: its tests are part of make check, and distributed" '' "$missing"
like "$promises: there are many" '[3-9][0-9]' "$count"

missing=
for target in $(grep -oh '`\(make \)*check-[a-z]*`' README.md CONTRIBUTING.md docs/*.md | tr -d '`' | sed 's/make //' | sort -u); do
	grep -q "^$target:" "$abs_top_builddir/Makefile" || missing="$missing $target"
done
same 'the targets of make that documents name' '' "$missing"

# letters: what is left of a text, or of the manual page's source, when marks are taken away.
letters() {
	sed 's/^\.[A-Z][a-z]//; s/ \(Pq\|Er\|Xr\|Dv\|No\) / /g' | tr -cd '[:alnum:]'
}
guarantees=$(sed -n '/^\.Sh GUARANTEES/,/^\.Sh [^G]/p' man/libreplyfrom.7 | sed '1d; $d' | grep -v '^\.\(Bl\|El\|It\)')
table=$(sed -n '/^## The guarantees of libreplyfrom/,/^## What/s/^| \([A-Z][^|]*\)|.*/\1/p' "$promises")
like 'libreplyfrom(7): its guarantees are found' '*errno*' "$guarantees"
same "libreplyfrom(7): every guarantee is in $promises, with its tests" "$(printf '%s\n' "$guarantees" | letters)" \
	"$(printf '%s\n' "$table" | letters)"
missing=$(sed -n '/^## The guarantees of libreplyfrom/,/^## What/p' "$promises" | grep '^| [A-Z]' | grep -v '| \*`.*`\* |$')
same "libreplyfrom(7): no guarantee without a test" '' "$missing"
finish
