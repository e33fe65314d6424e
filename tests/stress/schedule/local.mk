# SPDX-License-Identifier: MIT
# The tables of peers, of descriptors and of tracked sockets under threads that are stopped and killed between any two of
# their atomic operations.
if HAVE_SWAPCONTEXT
check_PROGRAMS += tests/stress/schedule/peers tests/stress/schedule/records
TESTS += tests/stress/schedule/peers tests/stress/schedule/records
endif
tests_stress_schedule_peers_SOURCES = \
	shim/peers/local_table.c shim/peers/local_table.h \
	shim/peers/peer_table.c shim/peers/peer_table.h \
	tests/stress/schedule/peers.c \
	tests/stress/schedule/point.h \
	tests/stress/schedule/schedule.c tests/stress/schedule/schedule.h
tests_stress_schedule_peers_CPPFLAGS = $(AM_CPPFLAGS) -include $(srcdir)/tests/stress/schedule/point.h

tests_stress_schedule_records_SOURCES = \
	shim/sockets/classify.h \
	shim/sockets/descriptor_table.h \
	shim/sockets/tracked.h \
	tests/stress/schedule/point.h \
	tests/stress/schedule/records.c \
	tests/stress/schedule/schedule.c tests/stress/schedule/schedule.h
tests_stress_schedule_records_CPPFLAGS = $(tests_stress_schedule_peers_CPPFLAGS)

# make check-schedule SCHEDULE_TABLES=1000000 SCHEDULE_SEED=1: so many tables of each kind.
SCHEDULE_TABLES = 20000
SCHEDULE_SEED = 1
.PHONY: check-schedule
check-schedule: tests/stress/schedule/peers tests/stress/schedule/records
	$(AM_TESTS_ENVIRONMENT) tests/stress/schedule/peers $(SCHEDULE_TABLES) $(SCHEDULE_SEED)
	$(AM_TESTS_ENVIRONMENT) tests/stress/schedule/records $(SCHEDULE_TABLES) $(SCHEDULE_SEED)

EXTRA_DIST += tests/stress/schedule/mutants
