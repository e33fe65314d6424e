# SPDX-License-Identifier: MIT
# make coverage [COVERAGE_LINES=yes]: how much of shim/ the tests reach.
EXTRA_DIST += \
	tests/coverage/coverage.sh \
	tests/coverage/flush.c \
	tests/coverage/report.py

.PHONY: coverage
coverage: all $(check_PROGRAMS)
	$(AM_TESTS_ENVIRONMENT) PYTHON3='$(PYTHON3)' COVERAGE_LINES='$(COVERAGE_LINES)' \
		$(SHELL) $(srcdir)/tests/coverage/coverage.sh
