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

# The library's rooms, modules and names; the patches of faulty builds.
TESTS += tests/tools/test_mutants.py tests/tools/test_structure.py
EXTRA_DIST += tests/tools/mutants.py tests/tools/test_mutants.py tests/tools/test_structure.py

# make check-mutants [MUTANTS='wrong-source two-entries-of-one-key']: builds with one fault each, which a test has to find.
.PHONY: check-mutants
check-mutants: all $(check_PROGRAMS)
	$(AM_TESTS_ENVIRONMENT) \
	LIBRARY_OBJECTS='$(shim_libreplyfrom_so_OBJECTS)' \
	LIBRARY_COMPILE='$(CC) $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(CPPFLAGS) $(shim_libreplyfrom_so_CFLAGS) $(CFLAGS)' \
	LIBRARY_LINK='$(shim_libreplyfrom_so_LDFLAGS) $(LDFLAGS) $(shim_libreplyfrom_so_LDADD)' \
	$(PYTHON3) $(srcdir)/tests/tools/mutants.py $(MUTANTS)

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
