# SPDX-License-Identifier: MIT
# make coverage [COVERAGE_LINES=yes]: how much of shim/ the tests reach.
EXTRA_DIST += \
	tests/tools/coverage.sh \
	tests/tools/flush.c \
	tests/tools/report.py

.PHONY: coverage
coverage: all $(check_PROGRAMS)
	$(AM_TESTS_ENVIRONMENT) PYTHON3='$(PYTHON3)' COVERAGE_LINES='$(COVERAGE_LINES)' \
		$(SHELL) $(srcdir)/tests/tools/coverage.sh

# The library's rooms, modules and names.
TESTS += tests/tools/test_structure.py
EXTRA_DIST += tests/tools/test_structure.py

# Sanitizers, valgrind and analyzers: for the time before a release, and for continuous integration's slower part.
EXTRA_DIST += \
	tests/tools/analyzers.sh \
	tests/tools/atomics.h \
	tests/tools/lib.sh \
	tests/tools/races.supp \
	tests/tools/sanitizers.sh \
	tests/tools/tsan.supp \
	tests/tools/valgrind.sh

.PHONY: check-sanitizers check-valgrind check-analyzers
check-sanitizers: all tests/fuzz/differential tests/lib/server/server
	$(AM_TESTS_ENVIRONMENT) PYTHON3=$(PYTHON3) $(SHELL) $(srcdir)/tests/tools/sanitizers.sh
check-valgrind: all $(check_PROGRAMS)
	$(AM_TESTS_ENVIRONMENT) PYTHON3=$(PYTHON3) $(SHELL) $(srcdir)/tests/tools/valgrind.sh
check-analyzers: all
	$(AM_TESTS_ENVIRONMENT) PYTHON3=$(PYTHON3) $(SHELL) $(srcdir)/tests/tools/analyzers.sh
