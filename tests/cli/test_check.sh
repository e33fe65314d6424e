#!/bin/sh
# SPDX-License-Identifier: MIT
# The check before each start, and --check: kinds of programs that the library can and cannot help.
# shellcheck disable=SC2016 # the started shells expand, not this one

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

cd "$work" || exit 99
make_tree tree # another user may not reach the build tree
replyfrom=$work/tree/tools/replyfrom

compile() {
	# shellcheck disable=SC2086 # CC may have options
	$CC "$@" 2>"$work/compiler"
}

write_receiver
write_silent
cat >starter.c <<'END'
#include <unistd.h>
int main(int count, char **arguments)
{
	return count > 9 && execv(arguments[9], arguments);
}
END
# What Go's linker leaves in every program (its build id).
cat >go.c <<'END'
__asm__(".section .note.go.buildid,\"a\",@note\n"
	".align 4\n.long 4, 8, 4\n.asciz \"Go\"\n.byte 0\n.ascii \"build-id\"\n.text");
END

# helped TITLE PATTERN COMMAND: --check says so, and it starts without a word
helped() {
	run "$replyfrom" --check "$3"
	same "$1: --check: 0" 0 "$status"
	like "$1: --check says so" "$2; engine: preload" "$out"
	like "$1: --check: in one line" '?*' "${out%%*"$newline"*}"
	run "$replyfrom" "$3"
	same "$1: starts without a word" '0 ' "$status $err"
}

# unseen TITLE PATTERN COMMAND: --check says that nothing of it is seen
unseen() {
	run "$replyfrom" --check "$3"
	same "$1: --check: 1" 1 "$status"
	like "$1: --check says so" "$2" "$out"
	like "$1: --check: in one line" '?*' "${out%%*"$newline"*}"
}

# unhelped TITLE PATTERN COMMAND [USER'S COMMAND...]: --check says why, a start is refused, --force
# starts it and says why
unhelped() {
	title=$1
	pattern=$2
	command=$3
	shift 3
	run "$@" "$replyfrom" --check "$command"
	same "$title: --check: 1" 1 "$status"
	like "$title: --check says why" "$pattern" "$out"
	same "$title: --check says it on stdout" '' "$err"
	like "$title: --check: in one line" '?*' "${out%%*"$newline"*}"
	run "$@" "$replyfrom" "$command"
	refused "$title" "$pattern--force"
}

# forced TITLE PATTERN COMMAND [USER'S COMMAND...]
forced() {
	title=$1
	pattern=$2
	command=$3
	shift 3
	run "$@" "$replyfrom" --force "$command"
	same "$title: --force starts it" 0 "$status"
	like "$title: --force says why" "replyfrom: $pattern; started all the same" "$err"
	run "$@" env REPLYFROM_DISABLE=1 "$replyfrom" "$command"
	same "$title: REPLYFROM_DISABLE=1 starts it without a word" '0 ' "$status $err"
}

compile -o receiver receiver.c || exit 99
compile -o silent silent.c || exit 99
compile -o starter starter.c || exit 99
compile -D_FORTIFY_SOURCE=2 -O2 -no-pie -Wl,--hash-style=sysv -o receiver-sysv receiver.c || exit 99
compile -Wl,--hash-style=gnu -Wl,-s -o receiver-gnu receiver.c || exit 99
for program in receiver receiver-sysv receiver-gnu; do
	helped "a program that receives ($program)" "./$program can be helped (it calls *recvfrom*)" \
		"./$program"
done
helped 'a program that does not receive' './starter can be started,*no receive call*' ./starter
unseen 'a program that does nothing' './silent has nothing that can be helped*system calls of its own is not seen' ./silent
run "$replyfrom" ./silent
same 'a program that does nothing: starts without a word' '0 ' "$status $err"
printf '#!%s/receiver\n' "$work" >script
printf '#!/usr/bin/env receiver\n' >script-env
printf '#!/bin/sh\n# a launcher\ncd /\nexec %s/receiver "$@"\n\n' "$work" >launcher
printf '#!/bin/sh\n[ -e x ] && exec %s/receiver\nexit 0\n' "$work" >no-launcher
# shellcheck disable=SC2016 # the launcher expands it
printf '#!/bin/sh\nx=silent\nexec "%s/$x"\n' "$work" >vague-launcher
: >empty
chmod +x script script-env launcher no-launcher vague-launcher empty
PATH=$work:$PATH
helped 'a script' "$work/receiver can be helped*" ./script
helped 'a script through env' "$work/receiver can be helped*" ./script-env
helped 'a launcher' "$work/receiver can be helped*" ./launcher
helped 'a script that is no simple launcher' '*/*sh can be started*' ./no-launcher
helped 'a launcher of who knows what' '*/*sh can be started*' ./vague-launcher
helped 'an empty script' '*/sh can be started*' ./empty
helped 'found in PATH' "$work/receiver can be helped*" receiver
cp receiver "re ceiver"
helped 'a space in the name' './re ceiver can be helped*' './re ceiver'

# What a program that imports no receive call needs: its libraries are looked at, and theirs.
cat >library.c <<'END'
#include <sys/socket.h>
long take(void);
long take(void)
{
	char byte;

	return recvfrom(0, &byte, 1, 0, 0, 0);
}
END
cat >between.c <<'END'
long take(void);
long pass(void);
long pass(void)
{
	return take();
}
END
cat >needs.c <<'END'
long pass(void);
int main(int count, char **arguments)
{
	(void)arguments;
	return count > 9 && pass();
}
END
compile -shared -fPIC -o libtake.so library.c
compile -shared -fPIC -o libbetween.so between.c -L. -ltake -Wl,-rpath,"$work"
compile -o needs needs.c -L. -lbetween -Wl,-rpath,"$work" -Wl,--allow-shlib-undefined
helped 'a library of a library receives' "./needs can be helped ($work/libtake.so calls recvfrom)" ./needs
# Stand-ins for liburing: its name is what counts.
echo 'int ring(void); int ring(void) { return 0; }' >ring.c
echo 'int ring(void); int main(void) { return ring(); }' >ringing.c
cat >both.c <<'END'
#include <sys/socket.h>
int ring(void);
int main(int count, char **arguments)
{
	return ring() || (count > 9 && recv(0, *arguments, 1, 0) < 0);
}
END
compile -shared -fPIC -Wl,-soname,liburing.so.2 -o liburing.so.2 ring.c
compile -o ringing ringing.c ./liburing.so.2 -Wl,-rpath,"$work"
compile -o both both.c ./liburing.so.2 -Wl,-rpath,"$work"
compile -shared -fPIC -o libbetween.so ring.c
sed 's/ring/ring2/g' ringing.c >ringing2.c
echo 'int ring(void); int ring2(void); int ring2(void) { return ring(); }' >ring2.c
compile -shared -fPIC -o libring2.so ring2.c ./liburing.so.2 -Wl,-rpath,"$work"
compile -o ringing2 ringing2.c -L. -lring2 -Wl,-rpath,"$work"
unseen 'a program that needs liburing' './ringing may receive through io_uring*(liburing.so.2)*' ./ringing
run "$replyfrom" ./ringing
like 'a program that needs liburing: starts, and says what is not seen' '0 replyfrom: ./ringing may receive through io_uring*' \
	"$status $err"
same 'a program that needs liburing: in one line' 1 "$(printf '%s\n' "$err" | wc -l | tr -d ' ')"
unseen 'a program whose library needs liburing' './ringing2 may receive through io_uring*(liburing.so.2)*' ./ringing2
helped 'a program that needs liburing, and receives' \
	'./both can be helped (it calls recv); what it receives through io_uring (liburing.so.2) is not seen' ./both
cat >sender.c <<'END'
#include <sys/socket.h>
int main(int count, char **arguments)
{
	return count > 9 && send(socket(AF_INET, SOCK_DGRAM, 0), *arguments, 1, 0) < 0;
}
END
compile -o sender sender.c
unseen 'a program that only sends, and may receive by itself' './sender has nothing*system calls of its own is not seen' ./sender
run env REPLYFROM_SOURCE=192.0.2.1 "$replyfrom" --check ./sender
like 'a program that only sends, with a source for that' '0 ./sender can be started*' "$status $out"
echo '#include <unistd.h>' >calls.c
echo 'int main(int count, char **arguments) { return count > 9 && syscall(45, *arguments); }' >>calls.c
compile -o calls calls.c
run "$replyfrom" --check ./calls
like "a program that calls libc's syscall(): it may be seen" '0 ./calls can be started*' "$status $out"

# To look at a program is not to start it, nor what it names.
mkdir fake
printf '#!/bin/sh\necho started >%s/fake/started\n' "$work" >fake/ld-linux-x86-64.so.2
own=$(sed -n 's/^.*\(\/lib[^ ]*\/ld[^ ]*\).*$/\1/p' /proc/self/maps | head -n 1)
cp fake/ld-linux-x86-64.so.2 "fake/${own##*/}"
chmod +x fake/*
cat >fake/audit.c <<'END'
#include <fcntl.h>
unsigned int la_version(unsigned int version);
unsigned int la_version(unsigned int version)
{
	open(STARTED, O_WRONLY | O_CREAT, 0600);
	return version;
}
END
cat >fake/begins.c <<'END'
#include <fcntl.h>
__attribute__((constructor)) static void begin(void)
{
	open(STARTED, O_WRONLY | O_CREAT, 0600);
}
END
compile -shared -fPIC -DSTARTED="\"$work/fake/started\"" -o libaudit.so fake/audit.c
compile -shared -fPIC -DSTARTED="\"$work/fake/started\"" -o libbegins.so fake/begins.c
compile -Wl,--dynamic-linker="$work/fake/${own##*/}" -o faked silent.c
compile -Wl,--audit="$work/libaudit.so" -Wl,-z,now -o audited silent.c
compile -Wl,--no-as-needed -o begins silent.c -L. -lbegins -Wl,-rpath,"$work"
for program in faked audited begins; do
	run "$replyfrom" --check "./$program"
	like "--check runs no code of ./$program" '[01] ' "$status $err"
	same "--check runs no code of ./$program: nothing is written" '' "$(ls fake/started 2>/dev/null)"
	rm -f fake/started
done
run ./audited
same 'the program with an audit library would run it' fake/started "$(ls fake/started)"
for program in receiver starter; do
	run env REPLYFROM_DISABLE=1 "$replyfrom" --check "./$program"
	like "--check ./$program with REPLYFROM_DISABLE=1" '1 *REPLYFROM_DISABLE=1 is set*' "$status $out"
done
loader=$(sed -n 's/^.*\(\/lib[^ ]*\/ld[^ ]*\).*$/\1/p' /proc/self/maps | head -n 1)
run "$replyfrom" --check "$loader"
like 'the dynamic loader' '0 *is a dynamic loader*' "$status $out"
run "$replyfrom" --check /nothing
same '--check: not found' '127 ' "$status $out"
run "$replyfrom" --check .
same '--check: not to be run' '126 ' "$status $out"
# env(1) in the first line, as GNU env reads it: each of these starts `receiver`, by env and for --check.
# shellcheck disable=SC2016 # the script expands it
printf '#!/bin/sh\necho "$0" >>"%s/started"\n' "$work" >say
chmod +x say
mkdir -p sub
cp say sub/inner
export FOLDER="$work"
env_line() {
	printf '#!/usr/bin/env %s\nx\n' "$1" >script-split
	chmod +x script-split
}
while IFS= read -r line; do
	env_line "$line"
	: >started
	run ./script-split
	same "env $line: env starts it" "0 $work/say" "$status $(cat started)"
	helped "env $line" '*/*sh can be started*' ./script-split
	sed "s/sa'y'/receiver/; s/say/receiver/" script-split >script-receiver
	chmod +x script-receiver
	helped "env $line: the program" "$work/receiver can be helped*" ./script-receiver
done <<-'END'
	say
	say 
	-S say
	-Ssay
	-S"say"
	-S'say'
	-S -u LC_ALL say
	-S -uLC_ALL say
	-S -u LC_ALL -- say x
	--split-string=say x
	--split=-S say
	-S A=b C="d e" say x
	-S A=b\_C=d say
	-S ${FOLDER}/say x
	-S "${FOLDER}"/say
	-S sa'y' # say no more
	-S \_say\_x
	-S say \c -u
	-S -S"-S say"
	-S --unset=LC_ALL --ignore-signal=PIPE say
	-S --unset LC_ALL say
	-S -C / say
END
# Nothing says what env would start, or nothing would start: env itself is looked at, or it is said.
# shellcheck disable=SC2016 # env expands it
for line in -i '-S -i' '-S "open' '-S $FOLDER/say' '-S \q' '-S --nonsense say' '-S' A=b; do
	env_line "$line"
	run "$replyfrom" --check ./script-split
	like "env $line: not refused" '0 *env can be started*' "$status $out"
done
env_line 'say x'
run "$replyfrom" --check ./script-split
like 'env with two words for one' '1 *interpreter in its first line is missing*' "$status $out"
run "$replyfrom" --force ./script-split
like '--force starts it all the same, and env says more' '127 *is missing*started all the same*env: *' "$status $err"
printf '#!/nothing/here\n' >script-split
run "$replyfrom" ./script-split
like 'an interpreter that is missing' '127 *interpreter in its first line is missing*' "$status $err"
run "$replyfrom" --force ./script-split
like '--force tries to start even that' '127 *started all the same*./script-split: No such file*' "$status $err"
for line in '-S -i PATH=%s receiver' '-S -i %s/receiver' '-S -u LD_PRELOAD receiver' '-S - %s/receiver' \
	'-S LD_PRELOAD= receiver' '-iS %s/receiver' '-S --unset=LD_PRELOAD receiver'; do
	# shellcheck disable=SC2059 # it is a format
	env_line "$(printf -- "$line" "$work")"
	unhelped "env $line" "$work/receiver cannot*LD_PRELOAD*" ./script-split
	forced "env $line" "$work/receiver cannot*" ./script-split
done
env_line '-S LD_PRELOAD=/x/libreplyfrom.so receiver'
run "$replyfrom" --check ./script-split
like 'env sets LD_PRELOAD to the library' "0 $work/receiver can be helped*" "$status $out"
head -c 100 receiver >short
{ printf '\177ELF'; head -c 60 /dev/zero; } >zeros
{ printf '\1\2\0\3'; head -c 60 /dev/zero; } >strange
chmod +x short zeros strange
for program in short strange; do
	run "$replyfrom" --check "./$program"
	like "$program: not looked at" "0 ./$program is no ELF program*" "$status $out"
done
run "$replyfrom" --check ./zeros
like 'a header of zeros' '1 ./zeros cannot be helped*' "$status $out"

# What is a launcher, nobody knows: it is said of every static program that what it starts is helped.
cat >launch.c <<'END'
#include <unistd.h>
int main(int count, char **arguments)
{
	return count < 2 || execv(arguments[1], arguments + 1);
}
END
if compile -static -o launch launch.c; then
	run "$replyfrom" ./launch /bin/sh -c 'echo "$LD_PRELOAD"'
	refused 'a static launcher' './launch cannot be helped*statically linked*programs that it starts are helped*--force'
	run "$replyfrom" --check ./launch
	like 'a static launcher: --check' '1 ./launch cannot*programs that it starts are helped*--force' "$status $out"
	run "$replyfrom" --force ./launch /bin/sh -c 'echo "$LD_PRELOAD"'
	same 'a static launcher, --force: what it starts has the library' "$work/tree/shim/libreplyfrom.so" "$out"
	like 'a static launcher, --force: in one line' 'replyfrom: *all the same' "$err"
	run "$replyfrom" --force ./launch ./receiver
	same 'a static launcher, --force: what it starts works' 0 "$status"
fi
if compile -static -o static receiver.c; then
	unhelped 'static' './static cannot*statically linked*' ./static
	forced 'static' './static cannot*' ./static
	printf '#!%s/static\n' "$work" >static-script
	printf '#!/bin/sh\nexec %s/static\n' "$work" >static-launcher
	chmod +x static-script static-launcher
	unhelped 'script of a static interpreter' "$work/static cannot*" ./static-script
	unhelped 'launcher of a static program' "$work/static cannot*" ./static-launcher
else
	unavailable 'static' 'the C library cannot be linked statically'
fi
if compile -static-pie -fPIE -o static-pie receiver.c; then
	unhelped 'static-pie' './static-pie cannot*statically linked*' ./static-pie
else
	unavailable 'static-pie' 'the C library cannot be linked statically'
fi

if compile -o go silent.c go.c; then
	unhelped 'Go' './go cannot*Go program*' ./go
	forced 'Go' './go cannot*' ./go
	compile -o go-receiver receiver.c go.c
	helped 'Go with receive calls of libc' './go-receiver can be helped*' ./go-receiver
else
	unavailable 'Go' 'no note could be assembled'
fi

# A program for another machine needs no compiler: its header says so.
{ printf '\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\10\0\1\0\0\0'; head -c 40 /dev/zero; } >mips
chmod +x mips
unhelped 'another machine' './mips cannot*another machine*(32-bit MIPS)*' ./mips

if command -v musl-gcc >/dev/null && musl-gcc -o musl receiver.c; then
	unhelped 'another libc' './musl cannot*another libc*ld-musl*' ./musl
	forced 'another libc' './musl cannot*' ./musl
else
	unavailable 'another libc' 'musl-gcc is not installed'
fi
compile -Wl,--dynamic-linker="$work/none/${loader##*/}" -o loaderless receiver.c
run "$replyfrom" ./loaderless
like 'its loader is missing' "127 replyfrom: ./loaderless *loader is missing ($work/none/*" \
	"$status $err"

# What gives privileges does so to others only. Whether it does, the kernel knows: AT_SECURE.
cat >secure.c <<'END'
#include <stdio.h>
#include <sys/auxv.h>
#include <unistd.h>
int main(int count, char **arguments)
{
	if (count > 9)
		execv(arguments[9], arguments);
	return !printf("%lu\n", getauxval(AT_SECURE));
}
END

# agrees PROGRAM [USER'S COMMAND...]: --check expects what the kernel then does.
agrees() {
	program=$1
	shift
	kernel=$("$@" "./$program")
	run "$@" "$replyfrom" --check "./$program"
	same "the kernel agrees: ./$program for $*" "$kernel" "$status"
}

# shellcheck disable=SC2086 # these are words
privileges() {
	nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
	compile -o setuid secure.c
	cp setuid setgid
	cp setuid capable
	cp setuid unreadable
	chmod 4755 setuid
	chmod 2755 setgid
	chmod 711 unreadable
	for program in setuid setgid; do
		unhelped "$program" "./$program cannot*it is $program*" "./$program" $nobody
		forced "$program" "./$program cannot*" "./$program" $nobody
		helped "$program, by its owner" "./$program can be started*" "./$program"
	done
	run $nobody "$replyfrom" --check ./unreadable
	like 'a program that cannot be read' '0 ./unreadable cannot be read*' "$status $out"
	run $nobody "$replyfrom" ./unreadable
	same 'a program that cannot be read is started' '0 ' "$status $err"
	programs='setuid setgid'
	if setcap cap_net_bind_service+ep capable 2>/dev/null; then
		unhelped 'file capabilities' './capable cannot*setcap -r*' ./capable $nobody
		forced 'file capabilities' './capable cannot*' ./capable $nobody
		helped 'file capabilities, by root' './capable can be started*' ./capable
		programs="$programs capable"
		cp setgid inheritable
		chmod 755 inheritable
		setcap cap_net_bind_service+i inheritable && programs="$programs inheritable"
	else
		unavailable 'file capabilities' 'setcap is missing or not allowed here'
	fi
	for program in $programs; do
		agrees "$program" env
		agrees "$program" $nobody
		agrees "$program" $nobody --no-new-privs
		agrees "$program" $nobody --inh-caps=+net_bind_service \
			--ambient-caps=+net_bind_service
		agrees "$program" setpriv --reuid=65534 --keep-groups
	done
}

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	privileges
else
	unavailable 'setuid, setgid, file capabilities' 'needs root and setpriv'
fi
finish
