#!/bin/sh
# SPDX-License-Identifier: MIT
# docs/recipes.md: inetd, xinetd, sockets of systemd, cron, sudo, and an empty environment.
# shellcheck disable=SC2016 # the started shells expand, not this one

. "${abs_top_srcdir:?}/tests/cli/recipe.sh"

user=$(id -un)
port=$(./server port)

if inetd=$(command -v inetd) && grep -q 'dEil' "$inetd"; then
	echo "$port dgram udp wait $user $replyfrom replyfrom $work/server once 0" >inetd.conf
	serve "$inetd" -i "$work/inetd.conf"
	answers 'openbsd-inetd, replyfrom in the line of the service' right
	stop
	echo "$port dgram udp wait $user $work/server server once 0" >inetd.conf
	serve "$replyfrom" "$inetd" -i "$work/inetd.conf"
	answers 'openbsd-inetd drops LD_PRELOAD' wrong
	stop
	serve "$replyfrom" "$inetd" -E -i "$work/inetd.conf"
	answers 'openbsd-inetd -E keeps it' right
	stop
else
	skip 'openbsd-inetd' 'it is not installed'
fi

# xinetd NAME LINE...: a service with these lines
xinetd_service() {
	printf '%s\n' 'service answer' '{' 'type = UNLISTED' 'flags = IPv4' 'socket_type = dgram' 'protocol = udp' 'wait = yes' \
		"user = $user" "port = $port" "$@" '}' >xinetd.conf
}

if command -v xinetd >/dev/null; then
	xinetd_service "server = $replyfrom" "server_args = $work/server once 0"
	serve xinetd -dontfork -f "$work/xinetd.conf"
	answers 'xinetd, replyfrom as the server' right
	stop
	xinetd_service "server = $work/server" 'server_args = once 0' "env = LD_PRELOAD=$library"
	serve xinetd -dontfork -f "$work/xinetd.conf"
	answers 'xinetd, LD_PRELOAD in env' right
	stop
else
	skip 'xinetd' 'it is not installed'
fi

if command -v systemd-socket-activate >/dev/null; then
	# It starts the program with the first datagram, and ends with it.
	port=$(./server port)
	for helped in "$replyfrom" ''; do
		# shellcheck disable=SC2086 # nothing, or the wrapper
		serve systemd-socket-activate -d -l "0.0.0.0:$port" $helped "$work/server" once 3
		run "$replyfrom" --probe --json "127.0.0.2:$port"
		like "systemd-socket-activate ${helped:+replyfrom }PROGRAM" \
			"*\"result\": \"$([ "$helped" ] && echo right || echo wrong)\"*" "$out"
		stop
	done
else
	skip 'systemd-socket-activate' 'it is not installed'
fi

serve env -i "$replyfrom" "$work/server" plain "$port"
answers 'an empty environment' right
stop
serve env -i SHELL=/bin/sh HOME=/ LOGNAME="$user" PATH=/usr/bin:/bin sh -c "$replyfrom $work/server plain $port"
answers 'the environment of cron' right
stop
printf '#!/bin/sh\nexec 2>&1\nexec %s %s/server plain %s\n' "$replyfrom" "$work" "$port" >run
chmod +x run
serve ./run
answers 'a run script (runit, s6, daemontools)' right
stop

if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
	real=$(realpath "$library")
	run sudo -n "$replyfrom" sh -c 'echo "$LD_PRELOAD"'
	same 'sudo replyfrom COMMAND' "$real" "$out"
	run sudo -n "$replyfrom" --ports 53 sh -c 'echo "$REPLYFROM_PORTS"'
	same 'sudo replyfrom --ports' 53 "$out"
	run env LD_PRELOAD="$real" REPLYFROM_PORTS=53 sudo -n sh -c 'echo "$LD_PRELOAD$REPLYFROM_PORTS"'
	same 'sudo drops LD_PRELOAD and the settings' '' "$out"
else
	skip 'sudo' 'it is not installed, or wants a password'
fi
finish
