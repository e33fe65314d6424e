#!/bin/sh
# SPDX-License-Identifier: MIT
# docs/recipes.md: a server under an AppArmor profile that does not know the library, and with the rule.

. "${abs_top_srcdir:?}/tests/cli/recipe.sh"

if [ "$(id -u)" != 0 ] || [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ] ||
	! command -v apparmor_parser >/dev/null; then
	skip 'AppArmor' 'it is not in use here, or there is no apparmor_parser, or not by root'
	finish
fi
name=replyfrom-test-$$
port=$(./server port)

# confine RULE...: loads the profile, with these rules more
confine() {
	{
		printf 'profile %s %s/server {\n' "$name" "$work"
		printf '  %s,\n' 'network inet dgram' 'network inet6 dgram' 'signal (receive)' 'ptrace (readby)' \
			"$work/server mr" "$work/{input,daemon.*} rw" '/etc/ld.so.cache r' '/{,usr/}lib{,32,64}/** mr' '/dev/null rw' "$@"
		echo '}'
	} >profile
	apparmor_parser -K -r profile 2>parser
}

if ! confine; then
	skip 'AppArmor' "no profile can be loaded here: $(head -n 1 parser)"
	finish
fi
trap 'apparmor_parser -K -R profile; [ -z "$daemon" ] || kill "$daemon" 2>/dev/null; rm -rf "$work"' EXIT
real=$(realpath "$library")

# Where the second engine can work, it would take the place of the library.
run "$replyfrom" --engine preload --check "$work/server"
like 'a profile without the library: --check' "1 *AppArmor denies it the library; add '$real mr,' to *$name*" \
	"$status $out"
run "$replyfrom" --engine preload "$work/server" plain "$port"
refused 'a profile without the library' '*AppArmor denies it the library*--force'
serve env LD_PRELOAD="$real" "$work/server" plain "$port"
answers 'a profile without the library: LD_PRELOAD' wrong
run "$replyfrom" --status "$daemon"
like 'a profile without the library: --status' "1 *not loaded*AppArmor's profile $name (enforce) denies *'$real mr,'*" \
	"$status $out"
run "$replyfrom" --scan
like 'a profile without the library: --scan' "*:$port *AppArmor's $name (enforce) has to allow the library*" "$out"
stop

confine "$real mr"
run "$replyfrom" --engine preload --check "$work/server"
like 'the rule: --check' "0 *AppArmor's profile $name (enforce) allows it the library*" "$status $out"
serve "$replyfrom" "$work/server" plain "$port"
answers 'the rule' right
run "$replyfrom" --status --json "$daemon"
like 'the rule: --status' "0 *\"working\"*\"profile\": \"$name (enforce)\"*" "$status $out"
stop
finish
