#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual pages tell of everything there is: options, settings, hooks; and their mdoc is sound.

. "${abs_top_srcdir:?}/tests/wrapper/lib.sh"

program_page=$abs_top_srcdir/man/replyfrom.1
library_page=$abs_top_srcdir/man/libreplyfrom.7

for option in $("$replyfrom" --help | sed -n 's/^  --\([a-z-]*\).*/\1/p'); do
	same "replyfrom(1) tells of --$option" 0 "$(grep -q "^\.It.* Fl -$option" "$program_page"; echo $?)"
done
for setting in REPLYFROM_LOG REPLYFROM_PORTS REPLYFROM_PEERS REPLYFROM_SOURCE REPLYFROM_FOLLOW_TCP \
	REPLYFROM_STATS REPLYFROM_DISABLE; do
	same "replyfrom(1) tells of $setting" 0 "$(grep -q "$setting" "$program_page"; echo $?)"
	same "libreplyfrom(7) tells of $setting" 0 "$(grep -q "^\.It Ev $setting" "$library_page"; echo $?)"
done
hooks=$(sed -n 's/^\([a-z_0-9]*\);$/\1/p' "$abs_top_builddir/shim/exports.map")
like 'the hooks are found' '*recvfrom*sendmsg*' "$hooks"
for hook in $hooks; do
	same "libreplyfrom(7) tells of $hook()" 0 "$(grep -q "^\.Fn $hook\b" "$library_page"; echo $?)"
done

for page in "$program_page" "$library_page"; do
	name=${page##*/}
	if command -v mandoc >/dev/null; then
		same "mandoc has nothing to say about $name" '' \
			"$(mandoc -Tlint "$page" 2>/dev/null | grep -v 'referenced manual not found')"
	else
		skip "mandoc on $name" 'mandoc is not installed'
	fi
	if command -v groff >/dev/null && groff -mdoc -Tutf8 "$page" >"$work/page" 2>/dev/null; then
		groff -ww -mdoc -Tutf8 "$page" 2>&1 >"$work/page" | cat >"$work/warnings"
		same "groff has nothing to say about $name" '' "$(cat "$work/warnings")"
	else
		skip "groff on $name" 'groff with its mdoc macros is not installed'
	fi
done
finish
