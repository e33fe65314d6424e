# SPDX-License-Identifier: MIT
# Floods, spoofed peers and garbage, while a well-behaved client looks at the source of each answer.
check_PROGRAMS += \
	tests/stress/hostile/attacker \
	tests/stress/hostile/client \
	tests/stress/hostile/fixedkey.so \
	tests/stress/hostile/server
hostile_cflags = -std=gnu11 -pthread $(AM_CFLAGS)

tests_stress_hostile_attacker_SOURCES = \
	tests/stress/hostile/address.c tests/stress/hostile/hostile.h \
	tests/stress/hostile/aimed.c \
	tests/stress/hostile/attack.h \
	tests/stress/hostile/attacker.c \
	tests/stress/hostile/attacks.c \
	tests/stress/hostile/fixedkey.h \
	tests/stress/hostile/frame.c tests/stress/hostile/frame.h \
	tests/stress/hostile/garbage.c
tests_stress_hostile_attacker_CFLAGS = $(hostile_cflags)
tests_stress_hostile_client_SOURCES = \
	tests/stress/hostile/address.c tests/stress/hostile/hostile.h \
	tests/stress/hostile/client.c
tests_stress_hostile_client_CFLAGS = $(hostile_cflags)
tests_stress_hostile_server_SOURCES = \
	tests/stress/hostile/calendar.c tests/stress/hostile/calendar.h \
	tests/stress/hostile/hostile.h \
	tests/stress/hostile/server.c
tests_stress_hostile_server_CFLAGS = $(hostile_cflags)
tests_stress_hostile_server_LDFLAGS = -pthread
tests_stress_hostile_fixedkey_so_SOURCES = tests/stress/hostile/fixedkey.c tests/stress/hostile/fixedkey.h
tests_stress_hostile_fixedkey_so_CFLAGS = $(hostile_cflags) -fPIC
tests_stress_hostile_fixedkey_so_LDFLAGS = -shared

TESTS += tests/stress/hostile/test_hostile.py
EXTRA_DIST += \
	tests/stress/hostile/battle.py \
	tests/stress/hostile/run.py \
	tests/stress/hostile/test_hostile.py \
	tests/stress/hostile/verdict.py

# make check-hostile HOSTILE_SECONDS=60: so long for each attack; prints tables.
HOSTILE_SECONDS = 10
HOSTILE_FLAGS =
.PHONY: check-hostile
check-hostile: all $(check_PROGRAMS)
	$(AM_TESTS_ENVIRONMENT) $(PYTHON3) $(srcdir)/tests/stress/hostile/run.py \
		--seconds $(HOSTILE_SECONDS) $(HOSTILE_FLAGS)
