# SPDX-License-Identifier: MIT
# Real servers, plain and helped side by side, for a long time: sources, losses, memory, descriptors.
EXTRA_PROGRAMS += tests/stress/soak/restless
tests_stress_soak_restless_SOURCES = \
	tests/stress/soak/litter.c \
	tests/stress/soak/restless.c tests/stress/soak/restless.h
tests_stress_soak_restless_CFLAGS = -std=gnu11 -pthread $(AM_CFLAGS)
tests_stress_soak_restless_LDFLAGS = -pthread
CLEANFILES += soak.json tests/stress/soak/restless

EXTRA_DIST += \
	tests/stress/soak/load.py \
	tests/stress/soak/measure.py \
	tests/stress/soak/servers.py \
	tests/stress/soak/side.py \
	tests/stress/soak/soak.py \
	tests/stress/soak/verdict.py

# Not part of `make check`. SOAK_RATE: questions a second to each server; SOAK_PEERS: REPLYFROM_PEERS, and the table is full
# after twice as many; SOAK_FLAGS: --list, names of servers.
SOAK_SECONDS = 60
SOAK_RATE = 100
SOAK_PEERS = 1024
SOAK_JSON = soak.json
SOAK_FLAGS =
.PHONY: check-soak
check-soak: all tests/lib/server/server tests/stress/soak/restless
	$(AM_TESTS_ENVIRONMENT) $(PYTHON3) $(srcdir)/tests/stress/soak/soak.py --seconds $(SOAK_SECONDS) --rate $(SOAK_RATE) \
		--peers $(SOAK_PEERS) --json $(SOAK_JSON) $(SOAK_FLAGS)
