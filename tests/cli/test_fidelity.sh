#!/bin/sh
# SPDX-License-Identifier: MIT
# What the program gets is byte for byte what it gets without replyfrom: environment, arguments, descriptors, signals, folder
# and all else that execve(2) hands on. Only LD_PRELOAD and REPLYFROM_* change.

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

cd "$work" || exit 99
for program in mirror fidelity; do
	# shellcheck disable=SC2086 # CC may have options
	$CC -o "$program" "$abs_top_srcdir/tests/cli/$program.c" || exit 99
done
./fidelity "$replyfrom" "$(realpath "$library")" "$work/mirror"

