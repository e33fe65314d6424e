#!/bin/sh
# SPDX-License-Identifier: MIT
# docs/recipes.md: what systemd's hardening does, done without systemd, and drop-ins as systemd reads them.

. "${abs_top_srcdir:?}/tests/cli/recipe.sh"

port=$(./server port)
real=$(realpath "$library")

# MemoryDenyWriteExecute=: PR_SET_MDWE, which a program that is executed keeps.
cat >deny.c <<'END'
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>
int main(int count, char **arguments)
{
	if (prctl(65, 1UL, 0UL, 0UL, 0UL))
		return 77;
	if (count > 1)
		execv(arguments[1], arguments + 1);
	return count > 1;
}
END
# shellcheck disable=SC2086 # CC may have options
$CC -o deny deny.c || exit 99
if ./deny; then
	serve ./deny "$replyfrom" ./server exec "$port"
	answers 'MemoryDenyWriteExecute=' right
	stop
	same 'and it is in force' refused "$(sed -n 2p daemon.out)"
else
	skip 'MemoryDenyWriteExecute=' 'this kernel has no PR_SET_MDWE'
fi

# SystemCallFilter=@system-service: the calls in the table of docs/design.md
if allowed=$(systemd-analyze syscall-filter 2>/dev/null) && [ -n "$allowed" ]; then
	cat >expand.awk <<'AWK'
/^@/ { set = $1; next }
NF == 1 && $1 !~ /^#/ { member[set, ++count[set]] = $1 }
function expand(name,  i) {
	for (i = 1; i <= count[name]; i++)
		if (member[name, i] ~ /^@/)
			expand(member[name, i])
		else
			print member[name, i]
}
END { expand("@system-service") }
AWK
	printf '%s\n' "$allowed" | awk -f expand.awk >service
	calls=$(sed -n '/^## System calls/,/^## /s/^|.*|\(.*\)|$/\1/p' "$abs_top_srcdir/docs/design.md" |
		tr -c 'a-z_\n' '\n' | grep -xE 'mmap|getrandom|[gs]etsockopt|getsockname|recvmsg|sendmsg|socket|sendto|recvfrom|close|connect|futex|munmap|getpid|write' | sort -u)
	like 'the calls are found in docs/design.md' '*getrandom*recvmsg*' "$calls"
	for call in $calls; do
		same "@system-service has $call" "$call" "$(grep -xm 1 "$call" service)"
	done
else
	skip 'SystemCallFilter=@system-service' 'systemd-analyze is not installed'
fi

# A drop-in of ours, by systemd's own reader.
make_tree tree
mkdir units
printf '[Service]\nExecStart=%s/server once 3\nRootDirectory=/srv\n' "$work" >units/x.service
SYSTEMD_UNIT_PATH=$work/units:
export SYSTEMD_UNIT_PATH
run tree/tools/replyfrom --ports 53 --unit --install x.service
same 'a drop-in is written' 0 "$status"
if command -v systemd-analyze >/dev/null; then
	run systemd-analyze verify --recursive-errors=no "$work/units/x.service"
	same 'systemd-analyze verify has nothing to say about it' '' \
		"$(printf '%s\n' "$out$err" | grep 'replyfrom.conf')"
	printf 'Nonsense=1\n' >>units/x.service.d/replyfrom.conf
	run systemd-analyze verify --recursive-errors=no "$work/units/x.service"
	like 'and would have' '*replyfrom.conf*Nonsense*' "$out$err"
else
	skip 'systemd-analyze verify' 'it is not installed'
fi

# RootDirectory=, with and without the library inside, where nothing of it can be written
# (ProtectSystem=).
cat >enter <<'END'
#!/bin/sh
# enter ROOT LIBRARY-FOLDER|- COMMAND...: what systemd does, in a mount namespace of its own
set -e
root=$1
folder=$2
shift 2
for name in /usr /lib /lib32 /lib64 /libx32; do
	if [ -d "$name" ]; then
		mkdir -p "$root$name"
		mount --bind -o ro "$name" "$root$name"
	fi
done
if [ "$folder" != - ]; then
	mkdir -p "$root$folder"
	mount --bind -o ro "$folder" "$root$folder"
fi
exec chroot "$root" "$@"
END
chmod +x enter
if [ "$(id -u)" = 0 ] && unshare --mount sh -c "mkdir -p root/usr && mount --bind /usr root/usr" 2>/dev/null; then
	cp server root/
	serve unshare --mount ./enter "$work/root" "${real%/*}" /usr/bin/env LD_PRELOAD="$real" /server plain "$port"
	answers 'RootDirectory= with BindReadOnlyPaths=' right
	stop
	rmdir "root${real%/*}"
	serve unshare --mount ./enter "$work/root" - /usr/bin/env LD_PRELOAD="$real" /server plain "$port"
	answers 'RootDirectory= alone' wrong
	like 'RootDirectory= alone: the loader says so' '*cannot be preloaded*' "$(cat daemon.err)"
	stop
else
	skip 'RootDirectory=' 'no mount namespaces are to be had'
fi
finish
