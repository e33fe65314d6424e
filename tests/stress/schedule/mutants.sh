#!/bin/sh
# SPDX-License-Identifier: MIT
# Faulty builds of the table of peers and of the records of sockets: tests/stress/schedule/peers or records has to find
# each. The sed scripts follow the source text.
set -eu

src=${abs_top_srcdir:?}
build=${abs_top_builddir:?}
cc=${CC:-gcc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

# mutant TITLE FILE SCRIPT [TABLES]
mutant() {
	rm -rf "$dir/shim"
	cp -r "$src/shim" "$dir"
	sed "$3" "$src/shim/$2" >"$dir/mutant"
	if cmp -s "$dir/mutant" "$src/shim/$2"; then
		echo "not ok - $1: the script changes nothing"
		failed=1
		return
	fi
	mv "$dir/mutant" "$dir/shim/$2"
	program=peers
	sources="$dir/shim/peers/peer_table.c $dir/shim/peers/local_table.c"
	case $2 in sockets/tracked.c)
		program=records
		sources=
		;;
	esac
	# shellcheck disable=SC2086 # the sources are words
	$cc -std=gnu11 -O2 -w -D_GNU_SOURCE -include "$build/config.h" -include "$src/tests/stress/schedule/point.h" -I"$dir/shim" \
		-I"$src/tests/stress/schedule" -o "$dir/program" $sources "$src/tests/stress/schedule/$program.c" \
		"$src/tests/stress/schedule/schedule.c"
	if "$dir/program" "${4:-500}" >"$dir/log"; then
		echo "not ok - $1: not found"
		failed=1
	else
		echo "ok - $1: $(grep -c '^not ok' "$dir/log") of $(grep -c 'ok - ' "$dir/log") kinds"
	fi
}

mutant 'two entries of one key stay' peers/peer_table.c 's/all ? KEY_BUCKETS : 1/0/'
mutant 'of two entries none sees the other' peers/peer_table.c 's/__ATOMIC_SEQ_CST);$/__ATOMIC_SEQ_CST); return true;/'
mutant 'a search is made once' peers/peer_table.c 's/return search_key(peers, &key, &word, local) || .*/return search_key(peers, \&key, \&word, local);/' 3000
mutant 'a search for any port is made once' peers/peer_table.c 's/return search_any_port(peers, &key, local) || .*/return search_any_port(peers, \&key, local);/' 3000
mutant 'a write that lost its race is not tried again' peers/peer_table.c 's/tries < TRIES \&\& !put_entry_once/tries < 1 \&\& !put_entry_once/'
mutant 'the local port is not compared' peers/peer_table.c 's/(!key->port || local->port == key->port)/true/'
mutant 'a slot is looked at once' peers/local_table.c 's/__atomic_load_n(&found->slot->generation.*== found->generation;/true;/'
mutant 'a slot that is being written is believed' peers/local_table.c 's/return !local_is_changing(found->generation) &&/return/'
mutant 'a later tick is the oldest' peers/local_table.c 's/(int32_t)age < 0 ? 0 : age/age/'
mutant 'a head of the free list that came back is believed' sockets/tracked.c 's/+ (UINT64_C(1) << 32) +/+/'
mutant 'a record that is reused is held' sockets/tracked.c 's/if (__atomic_load_n(&tracked->tag, __ATOMIC_ACQUIRE) == tag)/if (1)/'
mutant 'a free record is held' sockets/tracked.c 's/if (!references)/if (0)/'
mutant 'a record has the same tag again' sockets/tracked.c 's/(tag + GENERATION)/tag/'
mutant 'a record is free before its tag is another' sockets/tracked.c \
	's/^\t__atomic_store_n(&tracked->tag, (tag + GEN.*/\tpush_free_record(tag \& (SOCKETS - 1));/; s/^\tpush_free_record(tag & .*/\t__atomic_store_n(\&tracked->tag, (tag + GENERATION) \& ~DESCRIPTOR_TRACKED, __ATOMIC_RELEASE);/'
exit $failed
