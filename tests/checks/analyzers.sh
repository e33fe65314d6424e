#!/bin/sh
# SPDX-License-Identifier: MIT
# Analyzers over the library and the scripts: gcc -fanalyzer, clang-tidy, cppcheck, shellcheck. Those that are not installed are named.
set -u

src=${abs_top_srcdir:?}
build=${abs_top_builddir:?}
failed=0
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
flags="-std=gnu11 -D_GNU_SOURCE -include $build/config.h -Ishim"

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

for file in shim/*.c shim/hooks/*.c; do
	# shellcheck disable=SC2086 # the flags are words
	run "gcc -fanalyzer, $file" ${CC:-gcc} $flags -O2 -Wall -Wextra -fanalyzer -c -o /dev/null "$file"
	# shellcheck disable=SC2086
	run "clang-tidy, $file" clang-tidy --quiet --checks="$tidy_checks" --warnings-as-errors='*' "$file" -- $flags
done
# missingInclude: it is not given the system's headers; varFuncNullUB: NULL is a pointer in the C of every libc here.
# shellcheck disable=SC2086
run cppcheck cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --enable=warning,performance,portability \
	--suppress=missingInclude --suppress=missingIncludeSystem --suppress=unmatchedSuppression --suppress=varFuncNullUB -D_GNU_SOURCE \
	-D__SIZEOF_POINTER__=8 -D__BYTE_ORDER__=1234 -D__ORDER_LITTLE_ENDIAN__=1234 -Ishim shim
# shellcheck disable=SC2046 # the names are words
run 'shellcheck' shellcheck -x -P SCRIPTDIR scripts/replyfrom.in $(git ls-files '*.sh' 2>/dev/null) scripts/test scripts/demo
exit $failed
