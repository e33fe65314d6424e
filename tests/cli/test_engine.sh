#!/bin/sh
# SPDX-License-Identifier: MIT
# Which engine a program gets: the choice, what is handed on to the second engine, and what is said without it. A script
# stands for replyfrom-bpf here; the real one is tested in tests/bpf.
# shellcheck disable=SC2016 # the started shells expand, not this one

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

cd "$work" || exit 99
make_tree tree
replyfrom=$work/tree/tools/replyfrom
library=$work/tree/shim/libreplyfrom.so
mkdir tree/bpf

# engine ANSWER...: the program whose check answers that, and which writes what it is started with
engine() {
	printf '#!/bin/sh\nif [ "$1" = check ]; then\n' >tree/bpf/replyfrom-bpf
	printf '	%s\n' "$@" >>tree/bpf/replyfrom-bpf
	printf 'fi\necho "pid $$" "$@"\necho "LD_PRELOAD=${LD_PRELOAD-none}" "$(env | grep ^REPLYFROM_ | sort | tr "\\n" " ")"\n' \
		>>tree/bpf/replyfrom-bpf
	chmod +x tree/bpf/replyfrom-bpf
}
works='echo "the BPF engine can work here"; exit 0'
works_not='echo "replyfrom: the BPF engine cannot work here: CAP_BPF is missing" >&2; exit 125'

write_receiver
write_silent
cat >go.c <<'END'
__asm__(".section .note.go.buildid,\"a\",@note\n"
	".align 4\n.long 4, 8, 4\n.asciz \"Go\"\n.byte 0\n.ascii \"build-id\"\n.text");
END
cat >raw.c <<'END'
int main(int count, char **arguments)
{
	if (count > 9)
#ifdef __x86_64__
		__asm__ volatile("syscall" : : "a"(45), "D"(arguments) : "rcx", "r11", "memory");
#else
		__asm__ volatile("svc #0" : : : "memory");
#endif
	return 0;
}
END
echo 'int ring(void); int ring(void) { return 0; }' >ring.c
echo 'int ring(void); int main(void) { return ring(); }' >ringing.c
compile() {
	# shellcheck disable=SC2086 # CC may have options
	$CC "$@" 2>compiler
}
compile -o receiver receiver.c && compile -o silent silent.c && compile -o go silent.c go.c || exit 99
compile -shared -fPIC -Wl,-soname,liburing.so.2 -o liburing.so.2 ring.c &&
	compile -o ringing ringing.c ./liburing.so.2 -Wl,-rpath,"$work" || exit 99
{ printf '\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\10\0\1\0\0\0'; head -c 40 /dev/zero; } >mips
chmod +x mips
unhelped='go mips'
if compile -static -o static receiver.c; then
	unhelped="$unhelped static"
else
	unavailable 'static' 'the C library cannot be linked statically'
fi
unseen=ringing
case $(uname -m) in x86_64 | aarch64) compile -o raw raw.c && unseen="$unseen raw" ;; esac

# taken TITLE ARGUMENTS: the second engine was started with these, without our library
taken() {
	same "$1: 0" '0 ' "$status $err"
	same "$1" "$2" "$(printf '%s\n' "$out" | sed -n '1s/^pid [0-9]* //p')"
	like "$1: without the library" "LD_PRELOAD=${3-none} *" "${out#*"$newline"}"
}

engine "$works"
for program in $unhelped $unseen; do
	run "$replyfrom" "./$program" -a 'b c'
	taken "auto: $program" "run -- ./$program -a b c"
	run "$replyfrom" --no-connect "./$program"
	taken "auto: $program, --no-connect" "run --no-connect -- ./$program"
	run "$replyfrom" --check "./$program"
	like "--check: $program" "0 ./$program can be helped by the BPF engine, not by the library: *; engine: bpf" "$status $out"
	same "--check: $program: in one line" 1 "$(printf '%s\n' "$out" | wc -l | tr -d ' ')"
done
for program in $unhelped; do
	run "$replyfrom" --engine preload "./$program"
	refused "--engine preload: $program" "./$program cannot be helped*--force"
	same "--engine preload: $program: no word of the other" "$err" "${err%BPF*}"
done
run "$replyfrom" ./receiver
same 'auto: a program that receives gets the library' '0  ' "$status $out $err"
run "$replyfrom" ./silent
same 'auto: a program that does nothing does, too' '0  ' "$status $out $err"
run "$replyfrom" sh -c 'echo "$LD_PRELOAD"'
same 'auto: so does a shell' "0 $library" "$status $out"
run "$replyfrom" --check ./receiver
like '--check: a program that receives' '0 *; engine: preload' "$status $out"
run "$replyfrom" --check ./silent
like '--check: a program that does nothing' '1 ./silent has nothing that can be helped*' "$status $out"
run "$replyfrom" --engine bpf ./receiver x
taken '--engine bpf: a program that receives' 'run -- ./receiver x'
run "$replyfrom" --engine bpf --check ./receiver
same '--engine bpf --check' '0 ./receiver can be helped; engine: bpf' "$status $out"
run "$replyfrom" --engine bpf ./nothing
like '--engine bpf: not found' '127 replyfrom: ./nothing: *' "$status $err"
run "$replyfrom" --engine bpf .
same '--engine bpf: not to be run' 126 "$status"
run "$replyfrom" --force ./go
like '--force is the preload' '0 *started all the same' "$status $err"
run env REPLYFROM_DISABLE=1 "$replyfrom" --engine bpf sh -c 'echo plain'
same 'REPLYFROM_DISABLE=1: no engine at all' '0 plain' "$status $out"

# The process stays the same, settings are handed on, and of LD_PRELOAD what is not ours.
run sh -c 'echo $$; exec "$@"' sh "$replyfrom" ./go
same 'the process id stays' "$(printf '%s\n' "$out" | sed -n 1p)" "$(printf '%s\n' "$out" | sed -n '2s/^pid \([0-9]*\).*/\1/p')"
run "$replyfrom" --ports 53 --log info --stats --peers 2048 ./go
like 'settings' "*LD_PRELOAD=none REPLYFROM_LOG=info REPLYFROM_PEERS=2048 REPLYFROM_PORTS=53 REPLYFROM_STATS=1 " "$out"
while IFS=' ' read -r list left; do
	run env LD_PRELOAD="$list" "$replyfrom" ./go
	like "LD_PRELOAD=$list" "*LD_PRELOAD=$left *" "$out"
done <<END
$library none
$library: none
libc.so.6 libc.so.6
$library:libc.so.6 libc.so.6
libm.so.6:$library:libc.so.6 libm.so.6:libc.so.6
$library:$library none
libc.so.6: libc.so.6:
END
for setting in --source=192.0.2.1 --follow-tcp; do
	name=REPLYFROM_$(printf %s "${setting%=*}" | sed 's/^--//' | tr 'a-z-' 'A-Z_')
	run "$replyfrom" $setting --engine bpf ./receiver
	refused "--engine bpf $setting" "the BPF engine does not know $name (${setting%=*})"
	run "$replyfrom" $setting ./go
	refused "auto: $setting" "./go cannot be helped: *; the BPF engine does not know $name*--force"
done
run env REPLYFROM_FOLLOW_TCP=0 REPLYFROM_SOURCE= "$replyfrom" ./go
taken 'settings that are unset' 'run -- ./go'
for setting in REPLYFROM_PORTS=0 REPLYFROM_PORT=53; do
	run env $setting "$replyfrom" --engine bpf ./receiver
	refused "--engine bpf with $setting" "${setting%=*} *"
done

run "$replyfrom" --attach tftpd.service
taken '--attach' 'attach tftpd.service'
run "$replyfrom" --attach=/a/cgroup --ports 53
taken '--attach with settings' 'attach /a/cgroup'
like '--attach with settings: they are handed on' '*REPLYFROM_PORTS=53 ' "$out"
run "$replyfrom" --detach 1234
taken '--detach' 'detach 1234'

# It cannot work: both reasons, in one line.
engine "$works_not"
for program in $unhelped; do
	run "$replyfrom" "./$program"
	refused "neither: $program" "./$program cannot be helped: *; the BPF engine cannot work here: CAP_BPF is missing; *--force"
	run "$replyfrom" --check "./$program"
	like "neither: --check $program" "1 ./$program cannot be helped: *CAP_BPF is missing; *" "$status $out"
done
run "$replyfrom" --engine bpf --check ./receiver
like '--engine bpf --check where it cannot work' '1 ./receiver cannot be helped: the BPF engine cannot work here: *' "$status $out"
run "$replyfrom" ./ringing
like 'neither: a program that needs liburing starts as before' '0 replyfrom: ./ringing may receive through io_uring*; started' \
	"$status $err"
if [ -e raw ]; then
	run "$replyfrom" ./raw
	same 'neither: a program with system calls of its own starts as before' '0 ' "$status $err"
	run "$replyfrom" --check ./raw
	like 'neither: --check of it' '1 ./raw has nothing*CAP_BPF is missing; *' "$status $out"
fi
engine 'exit 3'
run "$replyfrom" ./go
refused 'its check fails without a word' './go cannot be helped: *engine*check*fails*--force'
engine 'kill -9 $$'
run "$replyfrom" ./go
refused 'its check is killed' './go cannot be helped: *engine*check*fails*--force'
engine "$works"
run sh -c 'trap "" CHLD; exec "$@"' sh "$replyfrom" ./go
taken 'SIGCHLD is ignored' 'run -- ./go'
run sh -c 'exec "$@" <&- 2>&-' sh "$replyfrom" ./go
taken 'stdin and stderr are closed' 'run -- ./go'
chmod -x tree/bpf/replyfrom-bpf
run "$replyfrom" --engine bpf ./receiver
if [ "$status" = 125 ]; then
	refused 'it may not be run' 'the BPF engine cannot be run: *'
fi

rm tree/bpf/replyfrom-bpf
missing='the BPF engine is not installed (package replyfrom-bpf, or ./configure --with-bpf=yes)'
for arguments in '--engine bpf ./receiver' '--attach tftpd.service' '--detach 1'; do
	# shellcheck disable=SC2086 # words
	run "$replyfrom" $arguments
	refused "not installed: $arguments" "$missing"
done
for program in $unhelped; do
	run "$replyfrom" "./$program"
	refused "not installed: $program" "./$program cannot be helped: *; $missing; *--force"
done
run "$replyfrom" --check ./receiver
like 'not installed: a program that receives' '0 *; engine: preload' "$status $out"
finish
