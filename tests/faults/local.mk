# SPDX-License-Identifier: MIT
# Each system call that the library adds fails; limits and sandboxes around the whole program.
check_PROGRAMS += tests/faults/fault.so tests/faults/front.so tests/faults/limits
TESTS += tests/faults/limits tests/faults/test_faults.sh
EXTRA_DIST += tests/faults/test_faults.sh

faults_cflags = -std=gnu11 -fPIC $(AM_CFLAGS)
tests_faults_fault_so_SOURCES = tests/faults/fault.c tests/faults/fault.h
tests_faults_fault_so_CFLAGS = $(faults_cflags)
tests_faults_fault_so_LDFLAGS = -shared
tests_faults_fault_so_LDADD = $(DL_LIBS)
tests_faults_front_so_SOURCES = tests/faults/front.c tests/faults/fault.h
tests_faults_front_so_CFLAGS = $(faults_cflags)
tests_faults_front_so_LDFLAGS = -shared
tests_faults_front_so_LDADD = $(DL_LIBS)

tests_faults_limits_SOURCES = $(invisible_preload) \
	tests/invisible/fortified.c \
	tests/invisible/side.c tests/invisible/side.h \
	tests/faults/filter.h tests/faults/limits.c
tests_faults_limits_CFLAGS = $(invisible_cflags)
tests_faults_limits_LDADD = $(DL_LIBS)

check_PROGRAMS += tests/faults/pointers
TESTS += tests/faults/pointers
tests_faults_pointers_SOURCES = $(invisible_cases) tests/faults/pointers.c
tests_faults_pointers_CFLAGS = $(invisible_cflags)
tests_faults_pointers_LDADD = $(DL_LIBS)

check_PROGRAMS += tests/faults/stack
TESTS += tests/faults/stack
tests_faults_stack_SOURCES = $(regress_host) tests/invisible/asked.c tests/faults/stack.c
tests_faults_stack_CPPFLAGS = $(regress_cppflags) -I$(srcdir)/tests/regress
tests_faults_stack_CFLAGS = $(invisible_cflags)
tests_faults_stack_LDADD = $(DL_LIBS)

check_PROGRAMS += tests/faults/areas
TESTS += tests/faults/areas
tests_faults_areas_SOURCES = $(invisible_cases) tests/faults/filter.h tests/faults/areas.c
tests_faults_areas_CFLAGS = $(invisible_cflags)
tests_faults_areas_LDFLAGS = -pthread
tests_faults_areas_LDADD = $(DL_LIBS)
