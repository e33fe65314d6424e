#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make install` leaves: nobody but the owner can write it, everybody can read it.

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

umask 022
run env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES "${MAKE:-make}" -s -C "$abs_top_builddir" install DESTDIR="$work/root"
same 'make install' 0 "$status"
[ "$status" = 0 ] || remark "$err"
installed=$(find "$work/root" -name libreplyfrom.so)
like 'the library is installed' '?*/replyfrom/libreplyfrom.so' "$installed"
same 'folders: 0755' '' "$(find "$work/root" -type d ! -perm 755)"
same 'files: 0644 or 0755' '' "$(find "$work/root" -type f ! -perm 644 ! -perm 755)"
finish
