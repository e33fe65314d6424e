# SPDX-License-Identifier: MIT
# Threads, signals, cancellation and killed processes at once, with every answer's source checked.
check_PROGRAMS += tests/stress/storm/storm
TESTS += tests/stress/storm/storm
tests_stress_storm_storm_SOURCES = $(lib_side) \
	tests/stress/storm/client.c \
	tests/stress/storm/processes.c \
	tests/stress/storm/serve.c \
	tests/stress/storm/signals.c \
	tests/stress/storm/storm.c tests/stress/storm/storm.h \
	tests/stress/storm/threads.c \
	tests/stress/storm/vandal.c
tests_stress_storm_storm_CFLAGS = $(lib_cflags)
tests_stress_storm_storm_LDADD = $(DL_LIBS)

# make storm STORM_SECONDS=3600: so long for each of the five.
STORM_SECONDS = 60
.PHONY: storm
storm: tests/stress/storm/storm shim/libreplyfrom.so
	$(AM_TESTS_ENVIRONMENT) tests/stress/storm/storm $(STORM_SECONDS)
