# SPDX-License-Identifier: MIT
# A program sees under the library what it sees without: compared with the kernel itself.

check_PROGRAMS += tests/transparency/matrix/matrix
TESTS += tests/transparency/matrix/matrix
tests_transparency_matrix_matrix_SOURCES = $(lib_side) \
	tests/transparency/matrix/matrix.c tests/transparency/matrix/matrix.h \
	tests/transparency/matrix/matrix_control.c \
	tests/transparency/matrix/matrix_errors.c \
	tests/transparency/matrix/matrix_options.c \
	tests/transparency/matrix/matrix_sends.c \
	tests/transparency/matrix/matrix_shapes.c \
	tests/transparency/matrix/matrix_vectors.c \
	tests/transparency/matrix/outcome.c tests/transparency/matrix/outcome.h \
	tests/transparency/matrix/pair.c tests/transparency/matrix/pair.h \
	tests/transparency/matrix/sending.c tests/transparency/matrix/sending.h
tests_transparency_matrix_matrix_CFLAGS = $(lib_cflags)
tests_transparency_matrix_matrix_LDADD = $(DL_LIBS)

# The same for a program that makes each call by syscall(2).
check_PROGRAMS += tests/transparency/matrix/bynumber
TESTS += tests/transparency/matrix/bynumber
tests_transparency_matrix_bynumber_SOURCES = $(tests_transparency_matrix_matrix_SOURCES)
tests_transparency_matrix_bynumber_CPPFLAGS = $(AM_CPPFLAGS) -DBY_NUMBER
tests_transparency_matrix_bynumber_CFLAGS = $(lib_cflags)
tests_transparency_matrix_bynumber_LDADD = $(DL_LIBS)

check_PROGRAMS += tests/transparency/descriptors/descriptors
TESTS += tests/transparency/descriptors/descriptors
tests_transparency_descriptors_descriptors_SOURCES = $(lib_host) \
	tests/transparency/descriptors/descriptors.c tests/transparency/descriptors/descriptors.h \
	tests/transparency/descriptors/duplicates.c \
	tests/transparency/descriptors/faults.c \
	tests/transparency/descriptors/passing.c \
	tests/transparency/descriptors/reuse.c tests/transparency/descriptors/reuse.h \
	tests/transparency/descriptors/reuse_inet.c \
	tests/transparency/descriptors/reuse_unix.c \
	tests/transparency/descriptors/startup.c \
	tests/transparency/descriptors/teaching.c
tests_transparency_descriptors_descriptors_CFLAGS = $(lib_cflags)
tests_transparency_descriptors_descriptors_LDADD = $(DL_LIBS)

check_PROGRAMS += tests/transparency/threads/threads
TESTS += tests/transparency/threads/threads
tests_transparency_threads_threads_SOURCES = $(lib_cases) \
	tests/transparency/threads/blocked.c \
	tests/transparency/threads/cancel.c \
	tests/transparency/threads/early.c \
	tests/transparency/threads/interrupt.c \
	tests/transparency/threads/receiver.c \
	tests/transparency/threads/threads.c tests/transparency/threads/threads.h
tests_transparency_threads_threads_CFLAGS = $(lib_cflags)
tests_transparency_threads_threads_LDFLAGS = -pthread
tests_transparency_threads_threads_LDADD = $(DL_LIBS)

EXTRA_DIST += tests/transparency/mutants

# Ways in which a program was once treated worse than without the library.

check_PROGRAMS += tests/transparency/effects/effects
TESTS += tests/transparency/effects/effects
tests_transparency_effects_effects_SOURCES = $(lib_host) \
	tests/transparency/threads/receiver.c tests/transparency/threads/threads.h \
	tests/transparency/effects/connecting.c \
	tests/transparency/effects/errors.c \
	tests/transparency/effects/icmp.c tests/transparency/effects/icmp.h \
	tests/transparency/effects/kernelcalls.c \
	tests/transparency/effects/loading.c \
	tests/transparency/effects/plugins/plugin.c tests/transparency/effects/plugins/plugins.h \
	tests/transparency/effects/many.c \
	tests/transparency/effects/effects.c tests/transparency/effects/effects.h \
	tests/transparency/effects/shown.c \
	tests/transparency/effects/sources.c
tests_transparency_effects_effects_CFLAGS = $(lib_cflags)
tests_transparency_effects_effects_LDFLAGS = -pthread -Wl,--enable-new-dtags,-rpath,'$$ORIGIN/plugins'
tests_transparency_effects_effects_LDADD = $(DL_LIBS)

check_PROGRAMS += tests/transparency/effects/calls
TESTS += tests/transparency/effects/calls
tests_transparency_effects_calls_SOURCES = $(lib_host) tests/transparency/effects/calls.c
tests_transparency_effects_calls_CFLAGS = $(lib_cflags)
tests_transparency_effects_calls_LDFLAGS = -pthread
tests_transparency_effects_calls_LDADD = $(DL_LIBS)

# Past the libc's socket functions.
check_PROGRAMS += tests/transparency/effects/numbers
TESTS += tests/transparency/effects/numbers
tests_transparency_effects_numbers_SOURCES = $(lib_host) \
	tests/transparency/effects/handles.c \
	tests/lib/map_by_number.h \
	tests/transparency/effects/numbers.c tests/transparency/effects/numbers.h \
	tests/transparency/effects/plugins/plugin.c tests/transparency/effects/plugins/plugins.h
tests_transparency_effects_numbers_CFLAGS = $(lib_cflags)
tests_transparency_effects_numbers_LDFLAGS = -pthread
tests_transparency_effects_numbers_LDADD = $(DL_LIBS)

# What these programs load, or have preloaded.
check_PROGRAMS += \
	tests/transparency/effects/plugins/choosing.so \
	tests/transparency/effects/plugins/direct.so \
	tests/transparency/effects/plugins/hardened.so \
	tests/transparency/effects/plugins/own.so \
	tests/transparency/effects/plugins/serving.so \
	tests/transparency/effects/plugins/waiting.so

tests_transparency_effects_plugins_choosing_so_SOURCES = \
	tests/transparency/effects/plugins/choosing.c tests/transparency/effects/plugins/plugins.h
tests_transparency_effects_plugins_choosing_so_CFLAGS = $(lib_object_cflags)
tests_transparency_effects_plugins_choosing_so_LDFLAGS = -shared -Wl,-rpath,'$$ORIGIN'
tests_transparency_effects_plugins_choosing_so_LDADD = tests/transparency/effects/plugins/own.so

tests_transparency_effects_plugins_direct_so_SOURCES = \
	tests/transparency/effects/plugins/direct.c tests/transparency/effects/plugins/plugins.h
tests_transparency_effects_plugins_direct_so_CFLAGS = $(lib_object_cflags)
tests_transparency_effects_plugins_direct_so_LDFLAGS = -shared
tests_transparency_effects_plugins_direct_so_LDADD = $(DL_LIBS)

# As distributions link it: the table of addresses is read-only.
tests_transparency_effects_plugins_hardened_so_SOURCES = \
	tests/transparency/effects/plugins/plugins.h tests/transparency/effects/plugins/serving.c
tests_transparency_effects_plugins_hardened_so_CFLAGS = $(lib_object_cflags)
tests_transparency_effects_plugins_hardened_so_LDFLAGS = -shared -Wl,-z,relro,-z,now

tests_transparency_effects_plugins_own_so_SOURCES = \
	tests/transparency/effects/plugins/own.c tests/transparency/effects/plugins/plugins.h
tests_transparency_effects_plugins_own_so_CFLAGS = $(lib_object_cflags)
tests_transparency_effects_plugins_own_so_LDFLAGS = -shared -Wl,-soname,own.so

tests_transparency_effects_plugins_serving_so_SOURCES = \
	tests/transparency/effects/plugins/plugins.h tests/transparency/effects/plugins/serving.c
tests_transparency_effects_plugins_serving_so_CFLAGS = $(lib_object_cflags)
tests_transparency_effects_plugins_serving_so_LDFLAGS = -shared

tests_transparency_effects_plugins_waiting_so_SOURCES = tests/transparency/effects/plugins/waiting.c
tests_transparency_effects_plugins_waiting_so_CFLAGS = $(lib_object_cflags)
tests_transparency_effects_plugins_waiting_so_LDFLAGS = -shared -pthread

TESTS += tests/transparency/effects/test_accept.py tests/transparency/effects/test_multicast_if.py
EXTRA_DIST += \
	tests/transparency/effects/accepting.py \
	tests/transparency/effects/group_sender.py \
	tests/transparency/effects/test_accept.py \
	tests/transparency/effects/test_multicast_if.py

# Each system call that the library adds fails; limits and sandboxes around the whole program.
check_PROGRAMS += tests/transparency/faults/fault.so tests/transparency/faults/front.so tests/transparency/faults/limits
TESTS += tests/transparency/faults/limits tests/transparency/faults/test_faults.sh
EXTRA_DIST += tests/transparency/faults/test_faults.sh

tests_transparency_faults_fault_so_SOURCES = tests/lib/interposer.h tests/lib/map_by_number.h \
	tests/transparency/faults/fault.c tests/transparency/faults/fault.h
tests_transparency_faults_fault_so_CFLAGS = $(lib_object_cflags)
tests_transparency_faults_fault_so_LDFLAGS = -shared
tests_transparency_faults_fault_so_LDADD = $(DL_LIBS)
tests_transparency_faults_front_so_SOURCES = tests/lib/interposer.h tests/transparency/faults/front.c tests/transparency/faults/fault.h
tests_transparency_faults_front_so_CFLAGS = $(lib_object_cflags)
tests_transparency_faults_front_so_LDFLAGS = -shared
tests_transparency_faults_front_so_LDADD = $(DL_LIBS)

tests_transparency_faults_limits_SOURCES = $(lib_side) \
	tests/lib/map_by_number.h tests/lib/filter.h tests/transparency/faults/limits.c
tests_transparency_faults_limits_CFLAGS = $(lib_cflags)
tests_transparency_faults_limits_LDADD = $(DL_LIBS)

check_PROGRAMS += tests/transparency/faults/pointers
TESTS += tests/transparency/faults/pointers
tests_transparency_faults_pointers_SOURCES = $(lib_cases) tests/transparency/faults/pointers.c
tests_transparency_faults_pointers_CFLAGS = $(lib_cflags)
tests_transparency_faults_pointers_LDADD = $(DL_LIBS)

check_PROGRAMS += tests/transparency/faults/stack
TESTS += tests/transparency/faults/stack
tests_transparency_faults_stack_SOURCES = $(lib_host) tests/transparency/faults/stack.c
tests_transparency_faults_stack_CFLAGS = $(lib_cflags)
tests_transparency_faults_stack_LDADD = $(DL_LIBS)

check_PROGRAMS += tests/transparency/faults/areas
TESTS += tests/transparency/faults/areas
tests_transparency_faults_areas_SOURCES = $(lib_cases) \
	tests/lib/filter.h tests/lib/map_by_number.h tests/transparency/faults/areas.c
tests_transparency_faults_areas_CFLAGS = $(lib_cflags)
tests_transparency_faults_areas_LDFLAGS = -pthread
tests_transparency_faults_areas_LDADD = $(DL_LIBS)

# What a server loses of its peer's datagrams around connect().
check_PROGRAMS += tests/transparency/effects/gap
TESTS += tests/transparency/effects/gap
tests_transparency_effects_gap_SOURCES = $(lib_host) tests/transparency/effects/gap.c
tests_transparency_effects_gap_CFLAGS = $(lib_cflags)
tests_transparency_effects_gap_LDADD = $(DL_LIBS)
