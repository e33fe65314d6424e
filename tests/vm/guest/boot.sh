#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest itself: systemd has started what it should, and the project's packages install.
cases=0

check() {
	title=$1
	shift
	cases=$((cases + 1))
	if output=$("$@" 2>&1); then
		echo "ok $cases - $title"
	else
		echo "not ok $cases - $title"
		printf '%s\n' "$output" | sed 's/^/# /'
	fi
}

nothing_failed() {
	failed=$(systemctl --failed --no-legend --plain)
	printf '%s\n' "$failed"
	[ -z "$failed" ]
}

check 'no unit has failed' nothing_failed
# shellcheck disable=SC2046 # words: the packages
check 'the packages install' dpkg -i $(find /srv/debs -name '*.deb' ! -name '*dbgsym*')
check 'the installed command runs' replyfrom --version
check 'AppArmor is at work' aa-enabled
echo "1..$cases"
