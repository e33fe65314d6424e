#!/bin/sh
# SPDX-License-Identifier: MIT
# The built library from outside: it exports the hook table and nothing else, and is hardened.
set -u

top=${abs_top_srcdir:-$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}
library=${abs_top_builddir:-$top}/shim/libreplyfrom.so
tls_limit=512

export LC_ALL=C

if ! command -v readelf >/dev/null 2>&1; then
	echo '1..0 # SKIP readelf (binutils) is missing'
	exit 0
fi
if ! [ -f "$library" ]; then
	echo "Bail out! $library is not there"
	exit 1
fi

number=0
result() { # status description
	number=$((number + 1))
	[ "$1" -eq 0 ] && echo "ok $number - $2" || echo "not ok $number - $2"
}

# The names in the hook table, and the one constant for those who look for the library.
# $CC may hold flags, so it is split.
table() {
	echo '#include "hooks.h"' |
		${CC:-cc} -E -P -I"$top/shim" -DHOOK_NAMES - |
		tr ' ' '\n' | sed -n 's/^HOOK:\(.*\):HOOK$/\1/p'
	printf "%s\n" replyfrom_counters replyfrom_version
}

exported() {
	readelf -W --dyn-syms "$library" |
		awk '$5 != "LOCAL" && $7 != "UND" && $7 ~ /^[0-9A]/ { sub(/@.*/, "", $8); print $8 }'
}

dynamic() {
	readelf -W -d "$library"
}

segments() {
	readelf -W -l "$library"
}

hooks=$(table | sort)
exports=$(exported | sort)
count=$(printf '%s\n' "$hooks" | wc -l)
echo 1..7

[ "$count" -gt 20 ] && [ "$hooks" = "$exports" ]
result $? 'exactly the hooks are exported'
[ "$hooks" = "$exports" ] || printf '# table:   %s\n# exports: %s\n' \
	"$(printf '%s' "$hooks" | tr '\n' ' ')" "$(printf '%s' "$exports" | tr '\n' ' ')"

segments | grep -q GNU_RELRO
result $? 'relocations are read-only after the start (RELRO)'

dynamic | grep -Eq 'BIND_NOW|Flags:.*NOW'
result $? 'all symbols are bound at the start (BIND_NOW)'

segments | awk '$1 == "GNU_STACK" { seen = 1; if ($7 ~ /E/) bad = 1 } END { exit !seen || bad }'
result $? 'no executable stack'

! segments | awk '$1 == "LOAD"' | grep -q 'RWE'
result $? 'nothing is both writable and executable'

needed=$(dynamic | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' |
	grep -Ev '^(libc\.so|libdl\.so|libc\.musl-|ld-linux|ld-musl-)')
[ -z "$needed" ]
result $? 'no library is needed but the libc'
[ -z "$needed" ] || echo "# needed: $needed"

tls=$(segments | awk '$1 == "TLS" { print $6 }')
tls=$((${tls:-0}))
[ "$tls" -lt "$tls_limit" ]
result $? "thread-local storage is $tls bytes, of less than $tls_limit"
