#!/bin/sh
# SPDX-License-Identifier: MIT
# The started program is the wrapper's own process: pid, status, signals, arguments, descriptors,
# environment.
# shellcheck disable=SC2016 # the started shells expand, not this one

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

for number in 0 1 7 124 125 126 127 255; do
	run "$replyfrom" sh -c 'exit "$1"' sh $number
	same "exit status $number" $number "$status"
done

run "$replyfrom" sh -c 'kill -TERM $$'
same 'killed by SIGTERM' 143 "$status"
run "$replyfrom" sh -c 'kill -KILL $$'
same 'killed by SIGKILL' 137 "$status"
run sh -c 'trap "" HUP; exec "$1" sh -c "kill -HUP \$\$; echo alive"' sh "$replyfrom"
same 'an ignored signal stays ignored' alive "$out"

"$replyfrom" sh -c 'echo $$' >"$work/pid" &
pid=$!
wait "$pid"
same 'the same process id' "$pid" "$(cat "$work/pid")"

mkfifo "$work/fifo"
"$replyfrom" sh -c 'echo started >"$1"; exec cat <"$1"' sh "$work/fifo" &
pid=$!
read -r word <"$work/fifo"
kill -TERM "$pid"
status=0
wait "$pid" 2>"$work/err" || status=$?
same "a signal from outside reaches the program that was $word" 143 "$status"

run "$replyfrom" "$work/nothing"
same 'not found: 127' 127 "$status"
same 'not found: says so' "replyfrom: $work/nothing: No such file or directory" "$err"
run env PATH="$work" "$replyfrom" replyfrom-no-such-command
same 'not found in PATH: 127' 127 "$status"
run "$replyfrom" ''
same 'empty name: 127' 127 "$status"
run "$replyfrom" /
same 'a folder: 126' 126 "$status"
: >"$work/plain"
run "$replyfrom" "$work/plain"
same 'not executable: 126' 126 "$status"
same 'not executable: says so' "replyfrom: $work/plain: Permission denied" "$err"

mkdir "$work/first" "$work/second"
: >"$work/first/program"
printf '#!/bin/sh\necho second\n' >"$work/second/program"
chmod +x "$work/second/program"
run env PATH="$work/first:$work/second:$PATH" "$replyfrom" program
same 'PATH: a file that cannot be run is passed over' second "$out"
run env PATH="$work/first:$PATH" "$replyfrom" program
same 'PATH: if there is no other, 126' 126 "$status"
cd "$work/second" || exit 99
run env PATH="$PATH:" "$replyfrom" program
same 'PATH: an empty part is the current folder' second "$out"
printf 'echo "no first line"\n' >"$work/bare"
chmod +x "$work/bare"
run "$replyfrom" "$work/bare"
same 'a script without a first line is for sh' 'no first line' "$out"
printf '#!%s/nothing\n' "$work" >"$work/orphan"
chmod +x "$work/orphan"
run "$replyfrom" "$work/orphan"
same 'a script whose interpreter is missing: 127' 127 "$status"
like 'a script whose interpreter is missing: says so' 'replyfrom: *interpreter*missing*' "$err"

cat >"$work/arguments" <<'END'
#!/bin/sh
printf '<%s>' "$@"
END
chmod +x "$work/arguments"
set -- '' 'two  words' '*' '?' '[a-z]*' "new${newline}line${newline}" 'a"b' "a'b" '\n' '$HOME' '`id`' \
	-- --help -x ' ' '~' '%s' '!!'
expected=$(printf '<%s>' "$@")
run "$replyfrom" "$work/arguments" "$@"
same 'arguments arrive unchanged' "$expected" "$out"
run "$replyfrom" -- "$work/arguments" "$@"
same 'arguments arrive unchanged after --' "$expected" "$out"
cp "$work/arguments" "$work/--help"
cp "$work/arguments" "$work/a b"
cd "$work" || exit 99
run env PATH="$work:$PATH" "$replyfrom" -- --help x
same 'a command whose name looks like an option' '<x>' "$out"
run "$replyfrom" './a b' x
same 'a command with a space in its name' '<x>' "$out"

run sh -c 'echo in | "$1" cat' sh "$replyfrom"
same 'standard input is left' in "$out"
sh -c 'ls /proc/self/fd' >"$work/before" 3>/dev/null
"$replyfrom" ls /proc/self/fd >"$work/after" 3>/dev/null
same 'no descriptor more or less' "$(wc -l <"$work/before")" "$(wc -l <"$work/after")"

# A shell may add some variables of its own.
run env -i PATH="$PATH" A='b c' "$replyfrom" env
same 'the environment: LD_PRELOAD and nothing else' "A=b c${newline}LD_PRELOAD${newline}PATH=$PATH" \
	"$(printf '%s\n' "$out" | sed 's/^LD_PRELOAD=.*/LD_PRELOAD/' |
		grep -Ev '^(PWD|OLDPWD|SHLVL|_)=' | sort)"
finish
