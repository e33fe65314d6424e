# SPDX-License-Identifier: MIT
# Threads, signals, cancellation and killed processes at once, with every answer's source checked.
check_PROGRAMS += tests/storm/storm
TESTS += tests/storm/storm
tests_storm_storm_SOURCES = $(invisible_preload) \
	tests/invisible/fortified.c \
	tests/invisible/side.c tests/invisible/side.h \
	tests/storm/client.c \
	tests/storm/processes.c \
	tests/storm/serve.c \
	tests/storm/signals.c \
	tests/storm/storm.c tests/storm/storm.h \
	tests/storm/threads.c \
	tests/storm/vandal.c
tests_storm_storm_CFLAGS = $(invisible_cflags)
tests_storm_storm_LDADD = $(DL_LIBS)

# make storm STORM_SECONDS=3600: so long for each of the five.
STORM_SECONDS = 60
.PHONY: storm
storm: tests/storm/storm shim/libreplyfrom.so
	$(AM_TESTS_ENVIRONMENT) tests/storm/storm $(STORM_SECONDS)
