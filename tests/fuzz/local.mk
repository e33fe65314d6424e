# SPDX-License-Identifier: MIT
# Random socket calls with the library and without, compared; random bytes for the pure modules.
check_PROGRAMS += tests/fuzz/differential
TESTS += tests/fuzz/differential
tests_fuzz_differential_SOURCES = $(lib_preload) \
	tests/fuzz/both.c tests/fuzz/both.h \
	tests/fuzz/compare.c tests/fuzz/compare.h \
	tests/fuzz/descriptors.c \
	tests/fuzz/differential.c \
	tests/fuzz/environment.c tests/fuzz/environment.h \
	tests/fuzz/executor.c tests/fuzz/executor.h \
	tests/fuzz/model.c tests/fuzz/model.h \
	tests/fuzz/names.c \
	tests/fuzz/network.c \
	tests/fuzz/options.c \
	tests/fuzz/peers.c \
	tests/fuzz/perform.c \
	tests/fuzz/receive.c \
	tests/fuzz/send.c \
	tests/fuzz/sequence.c tests/fuzz/sequence.h \
	tests/fuzz/show.c tests/fuzz/show.h \
	tests/fuzz/sources.c tests/fuzz/sources.h \
	tests/fuzz/world.h
tests_fuzz_differential_CFLAGS = $(lib_cflags)
tests_fuzz_differential_LDADD = $(DL_LIBS)

TESTS += tests/fuzz/test_bytes.sh
EXTRA_DIST += \
	tests/fuzz/afl.sh \
	tests/fuzz/bytes_calls.c \
	tests/fuzz/bytes_control.c \
	tests/fuzz/bytes_settings.c \
	tests/fuzz/corpus \
	tests/fuzz/test_bytes.sh

# make fuzz FUZZ_SECONDS=3600 FUZZ_SEED=123456: as long as you like, from seeds nobody had before.
FUZZ_SECONDS = 600
FUZZ_SEED = `date +%s`000000
.PHONY: fuzz
fuzz: tests/fuzz/differential shim/libreplyfrom.so
	$(AM_TESTS_ENVIRONMENT) tests/fuzz/differential --seed $(FUZZ_SEED) --seconds $(FUZZ_SECONDS)
	$(AM_TESTS_ENVIRONMENT) FUZZ_SECONDS=$(FUZZ_SECONDS) \
		$(SHELL) $(srcdir)/tests/fuzz/test_bytes.sh

# make check-afl AFL_SECONDS=3600: the same targets, and sequences of calls, where AFL++ is installed.
AFL_SECONDS = 60
.PHONY: check-afl
check-afl: tests/fuzz/differential shim/libreplyfrom.so
	$(AM_TESTS_ENVIRONMENT) AFL_SECONDS=$(AFL_SECONDS) $(SHELL) $(srcdir)/tests/fuzz/afl.sh
