# SPDX-License-Identifier: MIT
# The shared tables under writers that are stopped and killed between any two of their atomic operations, and the
# records of tracked sockets.
if HAVE_SWAPCONTEXT
check_PROGRAMS += tests/schedule/peers tests/schedule/records
TESTS += tests/schedule/peers tests/schedule/records
endif
tests_schedule_peers_SOURCES = \
	shim/peers/local_table.c shim/peers/local_table.h \
	shim/peers/peer_table.c shim/peers/peer_table.h \
	tests/schedule/peers.c \
	tests/schedule/point.h \
	tests/schedule/schedule.c tests/schedule/schedule.h
tests_schedule_peers_CPPFLAGS = $(AM_CPPFLAGS) -include $(srcdir)/tests/schedule/point.h

tests_schedule_records_SOURCES = \
	shim/sockets/record.h \
	tests/schedule/point.h \
	tests/schedule/records.c \
	tests/schedule/schedule.c tests/schedule/schedule.h
tests_schedule_records_CPPFLAGS = $(tests_schedule_peers_CPPFLAGS)

# make check-schedule SCHEDULE_TABLES=1000000 SCHEDULE_SEED=1: so many tables of each kind.
SCHEDULE_TABLES = 20000
SCHEDULE_SEED = 1
.PHONY: check-schedule
check-schedule: tests/schedule/peers tests/schedule/records
	$(AM_TESTS_ENVIRONMENT) tests/schedule/peers $(SCHEDULE_TABLES) $(SCHEDULE_SEED)
	$(AM_TESTS_ENVIRONMENT) tests/schedule/records $(SCHEDULE_TABLES) $(SCHEDULE_SEED)

EXTRA_DIST += tests/schedule/mutants.sh
.PHONY: check-schedule-mutants
check-mutants: check-schedule-mutants
check-schedule-mutants: all
	$(AM_TESTS_ENVIRONMENT) CC='$(CC)' $(SHELL) $(srcdir)/tests/schedule/mutants.sh
