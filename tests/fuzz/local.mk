# SPDX-License-Identifier: MIT
# Random socket calls with the library and without, compared; random bytes for the pure modules.
check_PROGRAMS += tests/fuzz/differential
TESTS += tests/fuzz/differential
tests_fuzz_differential_SOURCES = $(invisible_preload) \
	tests/fuzz/compare.c tests/fuzz/compare.h \
	tests/fuzz/descriptors.c \
	tests/fuzz/differential.c \
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
	tests/fuzz/world.h
tests_fuzz_differential_CFLAGS = $(invisible_cflags)
tests_fuzz_differential_LDADD = $(DL_LIBS)
