# SPDX-License-Identifier: MIT
# Addresses, links, routes and rules change while servers work: twins, one without the library, see the same changes.
check_PROGRAMS += tests/stress/change/serve tests/stress/change/ask
tests_stress_change_serve_SOURCES = \
	tests/stress/change/change.h \
	tests/stress/change/serve.c tests/stress/change/serve.h \
	tests/stress/change/ways.c
tests_stress_change_serve_CFLAGS = -std=gnu11 $(AM_CFLAGS)
tests_stress_change_ask_SOURCES = \
	tests/stress/change/ask.c tests/stress/change/ask.h \
	tests/stress/change/change.h \
	tests/stress/change/flows.c
tests_stress_change_ask_CFLAGS = -std=gnu11 $(AM_CFLAGS)

TESTS += tests/stress/change/test_change.py tests/stress/change/test_queued.py
EXTRA_DIST += \
	tests/stress/change/steps.py \
	tests/stress/change/test_change.py \
	tests/stress/change/test_queued.py \
	tests/stress/change/twins.py \
	tests/stress/change/waiting.py

# make check-change CHANGE_ROUNDS=1000 CHANGE_SEED=7: all changes under load so often, each time in another order.
CHANGE_ROUNDS = 20
CHANGE_SEED = 1
.PHONY: check-change
check-change: all tests/stress/change/serve tests/stress/change/ask
	$(AM_TESTS_ENVIRONMENT) CHANGE_ROUNDS=$(CHANGE_ROUNDS) CHANGE_SEED=$(CHANGE_SEED) \
		$(PYTHON3) $(srcdir)/tests/stress/change/test_change.py
	$(AM_TESTS_ENVIRONMENT) CHANGE_ROUNDS=$(CHANGE_ROUNDS) $(PYTHON3) $(srcdir)/tests/stress/change/test_queued.py
