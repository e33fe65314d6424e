# SPDX-License-Identifier: MIT
# A program sees under the library what it sees without: compared with the kernel itself.
invisible_cflags = -std=gnu11 -pthread $(AM_CFLAGS)
# Found at run time by the loader, not at link time: the library comes by LD_PRELOAD.
invisible_preload = tests/invisible/preload.c tests/invisible/preload.h tests/lib/kernel_call.h

check_PROGRAMS += tests/invisible/matrix
TESTS += tests/invisible/matrix
tests_invisible_matrix_SOURCES = $(invisible_preload) \
	tests/invisible/fortified.c \
	tests/invisible/matrix.c tests/invisible/matrix.h \
	tests/invisible/matrix_control.c \
	tests/invisible/matrix_errors.c \
	tests/invisible/matrix_options.c \
	tests/invisible/matrix_sends.c \
	tests/invisible/matrix_shapes.c \
	tests/invisible/matrix_vectors.c \
	tests/invisible/outcome.c tests/invisible/outcome.h \
	tests/invisible/pair.c tests/invisible/pair.h \
	tests/invisible/sending.c tests/invisible/sending.h \
	tests/invisible/side.c tests/invisible/side.h
tests_invisible_matrix_CFLAGS = $(invisible_cflags)
tests_invisible_matrix_LDADD = $(DL_LIBS)

# The same for a program that makes each call by syscall(2).
check_PROGRAMS += tests/invisible/bynumber
TESTS += tests/invisible/bynumber
tests_invisible_bynumber_SOURCES = $(tests_invisible_matrix_SOURCES)
tests_invisible_bynumber_CPPFLAGS = $(AM_CPPFLAGS) -DBY_NUMBER
tests_invisible_bynumber_CFLAGS = $(invisible_cflags)
tests_invisible_bynumber_LDADD = $(DL_LIBS)

check_PROGRAMS += tests/invisible/descriptors
TESTS += tests/invisible/descriptors
invisible_cases = $(invisible_preload) \
	tests/invisible/asked.c tests/invisible/asked.h \
	tests/invisible/cases.c tests/invisible/cases.h \
	tests/invisible/fortified.c \
	tests/invisible/side.c tests/invisible/side.h
tests_invisible_descriptors_SOURCES = $(invisible_cases) \
	tests/invisible/descriptors.c tests/invisible/descriptors.h \
	tests/invisible/duplicates.c \
	tests/invisible/faults.c \
	tests/invisible/passing.c \
	tests/invisible/reuse.c tests/invisible/reuse.h \
	tests/invisible/reuse_inet.c \
	tests/invisible/reuse_unix.c \
	tests/invisible/startup.c \
	tests/invisible/teaching.c
tests_invisible_descriptors_CFLAGS = $(invisible_cflags)
tests_invisible_descriptors_LDADD = $(DL_LIBS)

check_PROGRAMS += tests/invisible/threads
TESTS += tests/invisible/threads
tests_invisible_threads_SOURCES = $(invisible_cases) \
	tests/invisible/blocked.c \
	tests/invisible/cancel.c \
	tests/invisible/early.c \
	tests/invisible/interrupt.c \
	tests/invisible/receiver.c \
	tests/invisible/threads.c tests/invisible/threads.h
tests_invisible_threads_CFLAGS = $(invisible_cflags)
tests_invisible_threads_LDFLAGS = -pthread
tests_invisible_threads_LDADD = $(DL_LIBS)

# Not part of `make check`: it takes minutes. Each fault is a sed script on the library's sources.
invisible_mutants = \
	tests/invisible/mutants/broadcast_keeps_older.sed \
	tests/invisible/mutants/changes_environment.sed \
	tests/invisible/mutants/changes_errno.sed \
	tests/invisible/mutants/clamps_namelen.sed \
	tests/invisible/mutants/drops_partial.sed \
	tests/invisible/mutants/forgets_duplicates.sed \
	tests/invisible/mutants/forgets_own_option.sed \
	tests/invisible/mutants/forgets_passed.sed \
	tests/invisible/mutants/invents_ctrunc.sed \
	tests/invisible/mutants/keeps_descriptor.sed \
	tests/invisible/mutants/keeps_scratch.sed \
	tests/invisible/mutants/large_tls.sed \
	tests/invisible/mutants/leaks_pktinfo.sed \
	tests/invisible/mutants/learns_from_errors.sed \
	tests/invisible/mutants/lock_across_receive.sed \
	tests/invisible/mutants/loses_ctrunc.sed \
	tests/invisible/mutants/loses_trunc.sed \
	tests/invisible/mutants/loses_vector_lengths.sed \
	tests/invisible/mutants/no_fallback.sed \
	tests/invisible/mutants/reads_first.sed \
	tests/invisible/mutants/shows_option.sed \
	tests/invisible/mutants/stale_after_raw_close.sed \
	tests/invisible/mutants/swallows_eintr.sed \
	tests/invisible/mutants/swallows_pending_error.sed \
	tests/invisible/mutants/takes_specific.sed \
	tests/invisible/mutants/writes_input.sed \
	tests/invisible/mutants/writes_padding.sed \
	tests/invisible/mutants/wrong_controllen.sed \
	tests/invisible/mutants/wrong_namelen.sed \
	tests/invisible/mutants/wrong_source.sed
EXTRA_DIST += tests/invisible/mutants/mutants.py $(invisible_mutants)

.PHONY: check-mutants
check-mutants: all $(check_PROGRAMS)
	$(AM_TESTS_ENVIRONMENT) \
	LIBRARY_SOURCES='$(shim_libreplyfrom_so_SOURCES)' \
	LIBRARY_COMPILE='$(CC) $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(CPPFLAGS) $(shim_libreplyfrom_so_CFLAGS) $(CFLAGS)' \
	LIBRARY_LINK='$(shim_libreplyfrom_so_LDFLAGS) $(LDFLAGS) $(shim_libreplyfrom_so_LDADD)' \
	$(PYTHON3) '$(top_srcdir)/tests/invisible/mutants/mutants.py' $(MUTANTS)

# Not part of `make check` either: suites of others, which may have to be installed first.
EXTRA_DIST += \
	tests/invisible/suites/amplifier/sitecustomize.py \
	tests/invisible/suites/runner.py \
	tests/invisible/suites/suites.py

.PHONY: check-suites
check-suites: all
	$(AM_TESTS_ENVIRONMENT) $(PYTHON3) '$(top_srcdir)/tests/invisible/suites/suites.py'
