# SPDX-License-Identifier: MIT
# Floods, spoofed peers and garbage, while a well-behaved client looks at the source of each answer.
check_PROGRAMS += \
	tests/hostile/attacker \
	tests/hostile/client \
	tests/hostile/fixedkey.so \
	tests/hostile/server
hostile_cflags = -std=gnu11 -pthread $(AM_CFLAGS)

tests_hostile_attacker_SOURCES = \
	tests/hostile/address.c tests/hostile/hostile.h \
	tests/hostile/aimed.c \
	tests/hostile/attack.h \
	tests/hostile/attacker.c \
	tests/hostile/attacks.c \
	tests/hostile/fixedkey.h \
	tests/hostile/frame.c tests/hostile/frame.h \
	tests/hostile/garbage.c
tests_hostile_attacker_CFLAGS = $(hostile_cflags)
tests_hostile_client_SOURCES = \
	tests/hostile/address.c tests/hostile/hostile.h \
	tests/hostile/client.c
tests_hostile_client_CFLAGS = $(hostile_cflags)
tests_hostile_server_SOURCES = \
	tests/hostile/calendar.c tests/hostile/calendar.h \
	tests/hostile/hostile.h \
	tests/hostile/server.c
tests_hostile_server_CFLAGS = $(hostile_cflags)
tests_hostile_server_LDFLAGS = -pthread
tests_hostile_fixedkey_so_SOURCES = tests/hostile/fixedkey.c tests/hostile/fixedkey.h
tests_hostile_fixedkey_so_CFLAGS = $(hostile_cflags) -fPIC
tests_hostile_fixedkey_so_LDFLAGS = -shared

TESTS += tests/hostile/test_hostile.py
EXTRA_DIST += \
	tests/hostile/battle.py \
	tests/hostile/run.py \
	tests/hostile/test_hostile.py \
	tests/hostile/verdict.py

# make check-hostile HOSTILE_SECONDS=60: so long for each attack; prints tables.
HOSTILE_SECONDS = 10
HOSTILE_FLAGS =
.PHONY: check-hostile
check-hostile: all $(check_PROGRAMS)
	$(AM_TESTS_ENVIRONMENT) $(PYTHON3) $(srcdir)/tests/hostile/run.py \
		--seconds $(HOSTILE_SECONDS) $(HOSTILE_FLAGS)
