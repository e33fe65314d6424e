# SPDX-License-Identifier: MIT
# Stock programs of Debian: all of them by `make check-programs`, some quick ones in `make check`.
TESTS += tests/programs/test_programs.py
EXTRA_DIST += \
	docs/compatibility.md \
	tests/programs/access.py \
	tests/programs/calls.py \
	tests/programs/conversation.py \
	tests/programs/isolation.py \
	tests/programs/judgement.py \
	tests/programs/kinds.py \
	tests/programs/nameservers.py \
	tests/programs/netcats.py \
	tests/programs/others.py \
	tests/programs/packages.py \
	tests/programs/questions.py \
	tests/programs/run.py \
	tests/programs/running.py \
	tests/programs/runtimes.py \
	tests/programs/smallservices.py \
	tests/programs/stock.py \
	tests/programs/superservers.py \
	tests/programs/table.py \
	tests/programs/test_follow_tcp.py \
	tests/programs/test_programs.py \
	tests/programs/trace.py

# PROGRAM_ROWS: arguments for run.py, such as --install, --list or the names of rows. With rows named, the document is left alone.
PROGRAM_ROWS =
.PHONY: check-programs
check-programs: all
	$(AM_TESTS_ENVIRONMENT) $(PYTHON3) $(srcdir)/tests/programs/run.py --output $(srcdir)/docs/compatibility.md $(PROGRAM_ROWS)

# What conflicts with an installed package is unpacked there.
clean-local: clean-programs
.PHONY: clean-programs
clean-programs:
	rm -rf check-programs
