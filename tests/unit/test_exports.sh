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
	echo '#include "libc/hooks.h"' |
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
echo 1..9

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
	grep -Ev '^libc\.so\.')
[ -z "$needed" ]
result $? 'no library is needed but the libc'
[ -z "$needed" ] || echo "# needed: $needed"

tls=$(segments | awk '$1 == "TLS" { print $6 }')
tls=$((${tls:-0}))
[ "$tls" -lt "$tls_limit" ]
result $? "thread-local storage is $tls bytes, of less than $tls_limit"

# The oldest glibc that programs of an old image may have: where the architecture is younger, its first.
case $(uname -m) in
riscv*) oldest=2.27 ;;
loongarch*) oldest=2.36 ;;
*) oldest=2.17 ;;
esac
newer=$(readelf -W -V "$library" | grep -o 'GLIBC_[.0-9A-Z_]*' | sort -u | while IFS=_ read -r _ version; do
	[ "$(printf '%s\n' "$version" "$oldest" | sort -V | tail -n 1)" = "$oldest" ] || echo "GLIBC_$version"
done)
[ -z "$newer" ]
result $? "no glibc after $oldest is needed"
[ -z "$newer" ] || echo "# needed: $newer"

# A program of another libc starts if its libc has all these; other names have to be weak.
common='__errno_location __stack_chk_fail clock_gettime dl_iterate_phdr getauxval getpid getppid htonl htons inet_pton isatty madvise memchr memcmp memcpy memmove
	memset mmap mprotect munmap ntohl ntohs pthread_setcancelstate secure_getenv strchr strcmp strcspn strlen strncmp strspn syscall sysconf'
strange=$(readelf -W --dyn-syms "$library" | awk -v common="$common" '
	BEGIN { split(common, names); for (i in names) known[names[i]] = 1 }
	$5 == "GLOBAL" && $7 == "UND" { sub(/@.*/, "", $8); if (!($8 in known)) print $8 }')
[ -z "$strange" ]
result $? 'nothing is needed that only one libc has'
[ -z "$strange" ] || printf '# needed: %s\n' "$(printf '%s' "$strange" | tr '\n' ' ')"
