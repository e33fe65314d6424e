# SPDX-License-Identifier: MIT
# Stock programs of Debian: all of them by `make check-programs`, some quick ones in `make check`.
TESTS += tests/compat/test_programs.py
EXTRA_DIST += \
	docs/compatibility.md \
	tests/compat/access.py \
	tests/compat/calls.py \
	tests/compat/conversation.py \
	tests/compat/isolation.py \
	tests/compat/judgement.py \
	tests/compat/kinds.py \
	tests/compat/nameservers.py \
	tests/compat/netcats.py \
	tests/compat/others.py \
	tests/compat/packages.py \
	tests/compat/questions.py \
	tests/compat/run.py \
	tests/compat/running.py \
	tests/compat/runtimes.py \
	tests/compat/smallservices.py \
	tests/compat/stock.py \
	tests/compat/superservers.py \
	tests/compat/table.py \
	tests/compat/test_follow_tcp.py \
	tests/compat/test_programs.py \
	tests/compat/trace.py

# PROGRAM_ROWS: arguments for run.py, such as --install, --list or the names of rows. With rows named, the document is left alone.
PROGRAM_ROWS =
.PHONY: check-programs
check-programs: all
	$(AM_TESTS_ENVIRONMENT) $(PYTHON3) $(srcdir)/tests/compat/run.py --output $(srcdir)/docs/compatibility.md $(PROGRAM_ROWS)

# What conflicts with an installed package is unpacked there.
clean-local: clean-programs
.PHONY: clean-programs
clean-programs:
	rm -rf check-programs

# Programs of other ABIs, which the test compiles; other preloads beside the library.
TESTS += tests/compat/test_abi.py tests/compat/test_preloads.py
EXTRA_DIST += tests/compat/test_abi.py tests/compat/test_preloads.py
check_PROGRAMS += tests/compat/rewriter.so
tests_compat_rewriter_so_SOURCES = tests/compat/rewriter.c
tests_compat_rewriter_so_CFLAGS = $(lib_object_cflags)
tests_compat_rewriter_so_LDFLAGS = -shared

# Not part of `make check`: suites of others, which may have to be installed first.
EXTRA_DIST += \
	tests/compat/suites/amplifier/sitecustomize.py \
	tests/compat/suites/runner.py \
	tests/compat/suites/suites.py

.PHONY: check-suites
check-suites: all
	$(AM_TESTS_ENVIRONMENT) $(PYTHON3) '$(top_srcdir)/tests/compat/suites/suites.py'
