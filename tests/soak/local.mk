# SPDX-License-Identifier: MIT
# Real servers, plain and helped side by side, for a long time: sources, losses, memory, descriptors.
EXTRA_PROGRAMS += tests/soak/restless
tests_soak_restless_SOURCES = \
	tests/soak/litter.c \
	tests/soak/restless.c tests/soak/restless.h
tests_soak_restless_CFLAGS = -std=gnu11 -pthread $(AM_CFLAGS)
tests_soak_restless_LDFLAGS = -pthread
CLEANFILES += soak.json

EXTRA_DIST += \
	tests/soak/load.py \
	tests/soak/measure.py \
	tests/soak/servers.py \
	tests/soak/side.py \
	tests/soak/soak.py \
	tests/soak/verdict.py

# Not part of `make check`. SOAK_RATE: questions a second to each server; SOAK_PEERS: REPLYFROM_PEERS, and the table is full
# after twice as many; SOAK_FLAGS: --list, names of servers.
SOAK_SECONDS = 60
SOAK_RATE = 100
SOAK_PEERS = 1024
SOAK_JSON = soak.json
SOAK_FLAGS =
.PHONY: check-soak
check-soak: all tests/net/server/server tests/soak/restless
	$(AM_TESTS_ENVIRONMENT) $(PYTHON3) $(srcdir)/tests/soak/soak.py --seconds $(SOAK_SECONDS) --rate $(SOAK_RATE) \
		--peers $(SOAK_PEERS) --json $(SOAK_JSON) $(SOAK_FLAGS)
