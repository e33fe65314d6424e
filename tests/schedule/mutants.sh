#!/bin/sh
# SPDX-License-Identifier: MIT
# Faulty builds of the table of peers: tests/schedule/peers has to find each. The sed scripts follow the source text.
set -eu

src=${abs_top_srcdir:?}
build=${abs_top_builddir:?}
cc=${CC:-gcc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

# mutant TITLE FILE SCRIPT
mutant() {
	cp "$src"/shim/*.h "$src/shim/growth.c" "$src/shim/locals.c" "$dir"
	cp "$src/shim/peers.c" "$dir/table.c"
	sed "$3" "$src/shim/$2" >"$dir/mutant"
	if cmp -s "$dir/mutant" "$src/shim/$2"; then
		echo "not ok - $1: the script changes nothing"
		failed=1
		return
	fi
	case $2 in
	peers.c) mv "$dir/mutant" "$dir/table.c" ;;
	*) mv "$dir/mutant" "$dir/$2" ;;
	esac
	$cc -std=gnu11 -O2 -w -D_GNU_SOURCE -include "$build/config.h" -include "$src/tests/schedule/point.h" -I"$dir" \
		-I"$src/tests/schedule" -o "$dir/peers" "$dir"/*.c "$src"/tests/schedule/*.c
	if "$dir/peers" >"$dir/log"; then
		echo "not ok - $1: not found"
		failed=1
	else
		echo "ok - $1: $(grep -c '^not ok' "$dir/log") of $(grep -c 'ok - ' "$dir/log") kinds of tables"
	fi
}

mutant 'an entry that is being moved is written' peers.c 's/if (unlikely(is_moving(.*/if (0) {/'
mutant 'the table grew, and nobody writes again' peers.c 's/return likely(peers_extent(peers) == extent);/return true;/'
mutant 'two entries of one name stay' peers.c 's/all ? WAYS : 1/0/'
mutant 'a copy that comes too late is made' growth.c 's/if (peers_extent(peers) != extent ||/if (/'
mutant 'a place is looked at once' locals.c 's/__atomic_load_n(&found->place->generation.*== found->generation;/true;/'
mutant 'a place that is being written is believed' locals.c 's/return !local_is_changing(found->generation) &&/return/'
mutant 'a later tick is the oldest' locals.c 's/(int32_t)age < 0 ? 0 : age/age/'
exit $failed
