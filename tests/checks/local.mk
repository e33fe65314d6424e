# SPDX-License-Identifier: MIT
# Sanitizers, valgrind and analyzers: for the time before a release, and for continuous integration's slower part.
EXTRA_DIST += \
	tests/checks/analyzers.sh \
	tests/checks/atomics.h \
	tests/checks/lib.sh \
	tests/checks/races.supp \
	tests/checks/sanitizers.sh \
	tests/checks/tsan.supp \
	tests/checks/valgrind.sh

.PHONY: check-sanitizers check-valgrind check-analyzers
check-sanitizers: all tests/fuzz/differential tests/net/server/server
	$(AM_TESTS_ENVIRONMENT) PYTHON3=$(PYTHON3) $(SHELL) $(srcdir)/tests/checks/sanitizers.sh
check-valgrind: all $(check_PROGRAMS)
	$(AM_TESTS_ENVIRONMENT) PYTHON3=$(PYTHON3) $(SHELL) $(srcdir)/tests/checks/valgrind.sh
check-analyzers: all
	$(AM_TESTS_ENVIRONMENT) PYTHON3=$(PYTHON3) $(SHELL) $(srcdir)/tests/checks/analyzers.sh
