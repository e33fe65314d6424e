#!/bin/sh
# SPDX-License-Identifier: MIT
# The documents: their links lead somewhere, and the options that they show exist.

. "${abs_top_srcdir:?}/tests/wrapper/lib.sh"

cd "$abs_top_srcdir" || exit 99
options=$("$replyfrom" --help | sed -n 's/^  --\([a-z]*\).*/\1/p')

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
	shown=$(grep -o 'replyfrom \(--[a-z]*[ `]\)*' "$document" | grep -o -- '--[a-z]*')
	for option in $shown; do
		printf '%s\n' "$options" | grep -qx -- "${option#--}" || missing="$missing $option"
	done
	same "$document: its options of replyfrom" '' "$missing"
done
finish
