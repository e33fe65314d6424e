#!/bin/sh
# SPDX-License-Identifier: MIT
# Analyzers over the library, the wrapper's programs, the tests and the scripts: gcc -fanalyzer, clang-tidy, cppcheck, pyflakes
# and shellcheck. Those that are not installed are named.
set -u

. "${abs_top_srcdir:?}/tests/tools/lib.sh"
cd "$src" || exit 1

# What is switched off, and why:
#  clang-tidy: bugprone-easily-swappable-parameters and bugprone-reserved-identifier: the signatures and names are libc's;
#    bugprone-macro-parentheses: macro parameters here are types and parameter lists; bugprone-assignment-in-if-condition:
#    the loops of the kernel's own style; clang-analyzer-security.insecureAPI.*: they ask for Annex K, which no libc here has;
#    clang-analyzer-valist.Uninitialized: a false alarm on va_list as an array (LLVM 14);
#    clang-analyzer-core.UndefinedBinaryOperatorResult and uninitialized.UndefReturn: it does not see that a union's other member was written, nor that
#    getsockname(2) fills in a name; memcheck and the sanitizers look for the same at run time;
#    bugprone-suspicious-string-compare: strcmp() as a truth value, the kernel's style;
#    cert-err33-c, cert-msc30-c, cert-msc50-cpp, bugprone-narrowing-conversions: for what this code does on purpose.
tidy_checks='-*,bugprone-*,clang-analyzer-*,cert-*,-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,-cert-dcl37-c,-cert-dcl51-cpp,-bugprone-macro-parentheses,-bugprone-assignment-in-if-condition,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,-clang-analyzer-valist.Uninitialized,-clang-analyzer-core.UndefinedBinaryOperatorResult,-clang-analyzer-core.uninitialized.UndefReturn,-bugprone-suspicious-string-compare,-cert-err33-c,-bugprone-narrowing-conversions,-cert-msc30-c,-cert-msc50-cpp'
flags="-std=gnu11 -D_GNU_SOURCE -DIN_TREE -include $build/config.h -I$build -Ishim"

# For the programs in tools too: security.insecureAPI.strcpy: all between buffers of PATH_MAX; cert-err34-c: atoi() and
# sscanf() of what the kernel wrote in /proc; malloc-leak: what dlopen() gave is kept until the end.
tidy_tools=$tidy_checks,-clang-analyzer-security.insecureAPI.strcpy,-cert-err34-c
gcc_tools=-Wno-analyzer-malloc-leak

# For the tests too: cert-env33-c: they do start commands; cert-err34-c: their arguments are their own;
# security.insecureAPI.vfork, unix.Vfork: what a vfork() child may not do is tested;
# bugprone-implicit-widening-of-multiplication-result, optin.performance.Padding: small numbers, few structures;
# bugprone-sizeof-expression: LENGTH() of an array of pointers; bugprone-suspicious-memory-comparison, cert-exp42-c, cert-flp37-c: that
# padding is untouched is tested; core.CallAndMessage: a loop that it leaves before its first round.
tidy_tests=$tidy_checks,-cert-env33-c,-cert-err34-c,-clang-analyzer-security.insecureAPI.vfork,-clang-analyzer-unix.Vfork,-bugprone-implicit-widening-of-multiplication-result,-clang-analyzer-optin.performance.Padding,-bugprone-sizeof-expression,-bugprone-suspicious-memory-comparison,-cert-exp42-c,-cert-flp37-c,-clang-analyzer-core.CallAndMessage
# A test for which there is no memory fails by itself; gcc does not see that a loop over both sides has two rounds.
gcc_tests='-Itests/unit -Wno-analyzer-possible-null-argument -Wno-analyzer-possible-null-dereference -Wno-analyzer-use-of-uninitialized-value'

run() {
	title=$1
	shift
	if ! command -v "${1%% *}" >/dev/null 2>&1; then
		echo "ok - $title # SKIP $1 is not installed"
		return
	fi
	if output=$("$@" 2>&1) && ! printf '%s\n' "$output" | grep -q 'warning:\|error:'; then
		echo "ok - $title"
	else
		echo "not ok - $title"
		printf '%s\n' "$output" | grep -v 'warnings generated\|Suppressed\|Use -header-filter' | head -n 60
		failed=1
	fi
}

# analyze FLAGS CHECKS FILE...
analyze() {
	more=$1
	checks=$2
	shift 2
	for file; do
		# shellcheck disable=SC2086 # the flags are words
		run "gcc -fanalyzer, $file" $cc $flags $more -O2 -Wall -Wextra -fanalyzer -c -o /dev/null "$file"
		# shellcheck disable=SC2086,SC2046
		run "clang-tidy, $file" clang-tidy --quiet --checks="$checks" --warnings-as-errors='*' "$file" -- \
			$flags $(printf '%s\n' "$more" | tr ' ' '\n' | grep '^-I')
	done
}

analyze '' "$tidy_checks" shim/*/*.c
analyze "$gcc_tools" "$tidy_tools" tools/*.c tools/*/*.c
analyze "$gcc_tests" "$tidy_tests" tests/*/*.c tests/*/*/*.c tests/*/*/*/*.c

# missingInclude: it is not given the system's headers; varFuncNullUB: NULL is a pointer in the C of every libc here;
# nullPointerRedundantCheck and its kind in tools: it does not know that message_fail() does not return.
# shellcheck disable=SC2086
run cppcheck cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --enable=warning,performance,portability \
	--suppress=missingInclude --suppress=missingIncludeSystem --suppress=unmatchedSuppression --suppress=varFuncNullUB \
	'--suppress=nullPointerRedundantCheck:tools/*' '--suppress=nullPointerArithmeticRedundantCheck:tools/*' -D_GNU_SOURCE -D__SIZEOF_POINTER__=8 -D__BYTE_ORDER__=1234 \
	-D__ORDER_LITTLE_ENDIAN__=1234 -Ishim -Itests/unit shim tools tests

# Every script, whatever its name: by its first line or its ending.
scripts=$(find . -path ./build -prune -o -path ./build-aux -prune -o -path ./.git -prune -o -path ./autom4te.cache -prune -o \
	-type f ! -name configure ! -name '*~' -exec sh -c 'case $1 in *.sh) echo "$1";; *) sed -n "1{/^#!.*sh$/p}" "$1" | grep -q . && echo "$1";; esac' \
	sh {} \;)
# shellcheck disable=SC2086 # the names are words
run shellcheck shellcheck -x -P SCRIPTDIR $scripts
# The system's Python, whose package it is; or that of PATH.
pyflakes='-m pyflakes'
for interpreter in "$python" python3; do
	# shellcheck disable=SC2086
	if "$interpreter" $pyflakes --version >/dev/null 2>&1; then
		# shellcheck disable=SC2086,SC2046
		run pyflakes "$interpreter" $pyflakes $(find scripts tests debian packaging -name '*.py')
		exit $failed
	fi
done
echo 'ok - pyflakes # SKIP python3-pyflakes is not installed'
exit $failed
