# SPDX-License-Identifier: MIT
# Addresses, links, routes and rules change while servers work: twins, one without the library, see the same changes.
check_PROGRAMS += tests/change/serve tests/change/ask
tests_change_serve_SOURCES = \
	tests/change/change.h \
	tests/change/serve.c tests/change/serve.h \
	tests/change/ways.c
tests_change_serve_CFLAGS = -std=gnu11 $(AM_CFLAGS)
tests_change_ask_SOURCES = \
	tests/change/ask.c tests/change/ask.h \
	tests/change/change.h \
	tests/change/flows.c
tests_change_ask_CFLAGS = -std=gnu11 $(AM_CFLAGS)

TESTS += tests/change/test_change.py tests/change/test_queued.py
EXTRA_DIST += \
	tests/change/steps.py \
	tests/change/test_change.py \
	tests/change/test_queued.py \
	tests/change/twins.py \
	tests/change/waiting.py

# make check-change CHANGE_ROUNDS=1000 CHANGE_SEED=7: all changes under load so often, each time in another order.
CHANGE_ROUNDS = 20
CHANGE_SEED = 1
.PHONY: check-change
check-change: all tests/change/serve tests/change/ask
	$(AM_TESTS_ENVIRONMENT) CHANGE_ROUNDS=$(CHANGE_ROUNDS) CHANGE_SEED=$(CHANGE_SEED) \
		$(PYTHON3) $(srcdir)/tests/change/test_change.py
	$(AM_TESTS_ENVIRONMENT) CHANGE_ROUNDS=$(CHANGE_ROUNDS) $(PYTHON3) $(srcdir)/tests/change/test_queued.py
