#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual pages have every option, setting and hook, and no option that does not exist; their mdoc is sound.
# tests/cli/test_completion.sh compares --help with the completion.

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

pages=$abs_top_srcdir/man
library_page=$pages/libreplyfrom.7
engine=$abs_top_builddir/bpf/replyfrom-bpf

# help_options PROGRAM: the options that its --help describes
help_options() {
	"$1" --help | sed -n 's/^  --\([a-z-]*\).*/\1/p' | sort
}

# page_options PAGE: the options that a list of the page describes
page_options() {
	sed -n 's/^\.It Fl -\([a-z].*\)/\1/p' "$1" | sed 's/ , Fl -/\n/g' | sed 's/ .*//' | sort -u
}

options=$(help_options "$replyfrom")
like 'the options are found' '*check*engine*version*' "$options"
same 'replyfrom(1) has the options of --help' "$options" "$(page_options "$pages/replyfrom.1")"
if [ -x "$engine" ]; then
	options=$(help_options "$engine")
	like 'the options of the engine are found' '*log*ports*' "$options"
	same 'replyfrom-bpf(8) has the options of --help' "$options" "$(page_options "$pages/replyfrom-bpf.8")"
else
	skip 'the options of replyfrom-bpf' 'it is not built (configure --with-bpf)'
fi

# capabilities FILE...: those that the files name
capabilities() {
	grep -oh '\bCAP_[A-Z]*[A-Z_]*[A-Z]\b' "$@" | sort -u
}

# The security page says what processes keep, the manual page what they need.
needed=$(capabilities "$abs_top_srcdir"/bpf/*.c)
like 'the capabilities are found' '*CAP_BPF*CAP_DAC_OVERRIDE*CAP_SYS_PTRACE*' "$needed"
same 'replyfrom-bpf(8) has the capabilities that bpf/ names' "$needed" "$(capabilities "$pages/replyfrom-bpf.8")"
same 'check names them all' "$needed" "$(capabilities "$abs_top_srcdir/bpf/check.c")"
same 'docs/security.md too' "$needed" "$(sed -n '/^## The BPF engine/,/^## /p' "$abs_top_srcdir/docs/security.md" |
	capabilities /dev/stdin)"
same 'the unit has no other' '' \
	"$(sed -n 's/^CapabilityBoundingSet=//p' "$abs_top_srcdir/packaging/replyfrom-attach@.service.in" | tr ' ' '\n' |
		grep -vxF "$needed")"

settings=$(grep -oh 'REPLYFROM_[A-Z_]*' "$abs_top_srcdir"/shim/base/*.c | sort -u)
like 'the settings are found' '*DISABLE*SOURCE*' "$settings"
for setting in $settings; do
	same "libreplyfrom(7) has $setting" 0 "$(grep -q "^\.It Ev $setting" "$library_page"; echo $?)"
	same "replyfrom(1) has $setting" 0 "$(grep -q "^\.It Ev.*$setting" "$pages/replyfrom.1"; echo $?)"
done
# Those of other architectures too.
hooks=$(sed -n '/^ \*/d; s/.*HOOK([a-z_ *]*, \([a-z_0-9]*\),.*/\1/p' "$abs_top_srcdir/shim/libc/hooks.h")
like 'the hooks are found' '*recvfrom*sendmsg*__recvmsg64*syscall*' "$hooks"
for hook in $hooks; do
	same "libreplyfrom(7) has $hook()" 0 "$(grep -q "^\.Fn $hook\b" "$library_page"; echo $?)"
done

for page in "$pages"/*.[1-8]; do
	name=${page##*/}
	if command -v mandoc >/dev/null; then
		same "mandoc has nothing to say about $name" '' \
			"$(mandoc -T lint -W style "$page" 2>/dev/null | grep -v 'referenced manual not found')"
	else
		unavailable "mandoc on $name" 'mandoc is not installed'
	fi
	if command -v groff >/dev/null && groff -mdoc -Tutf8 "$page" >"$work/page" 2>/dev/null; then
		groff -ww -mdoc -Tutf8 "$page" 2>&1 >"$work/page" | cat >"$work/warnings"
		same "groff has nothing to say about $name" '' "$(cat "$work/warnings")"
	else
		skip "groff on $name" 'groff with its mdoc macros is not installed'
	fi
done
finish
