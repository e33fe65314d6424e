# SPDX-License-Identifier: MIT
# Ways in which a program was once treated worse than without the library.
regress_host = $(invisible_preload) \
	tests/invisible/asked.h \
	tests/invisible/cases.c tests/invisible/cases.h \
	tests/invisible/fortified.c \
	tests/invisible/side.c tests/invisible/side.h \
	tests/regress/host.c tests/regress/host.h
regress_cppflags = $(AM_CPPFLAGS) -I$(srcdir)/tests/invisible

check_PROGRAMS += tests/regress/regress
TESTS += tests/regress/regress
tests_regress_regress_SOURCES = $(regress_host) \
	tests/invisible/receiver.c tests/invisible/threads.h \
	tests/regress/connecting.c \
	tests/regress/errors.c \
	tests/regress/icmp.c tests/regress/icmp.h \
	tests/regress/kernelcalls.c \
	tests/regress/loading.c tests/regress/plugins/plugins.h \
	tests/regress/many.c \
	tests/regress/regress.c tests/regress/regress.h \
	tests/regress/shown.c \
	tests/regress/sources.c
tests_regress_regress_CPPFLAGS = $(regress_cppflags)
tests_regress_regress_CFLAGS = $(invisible_cflags)
tests_regress_regress_LDFLAGS = -pthread -Wl,--enable-new-dtags,-rpath,'$$ORIGIN/plugins'
tests_regress_regress_LDADD = $(DL_LIBS)

check_PROGRAMS += tests/regress/calls
TESTS += tests/regress/calls
tests_regress_calls_SOURCES = $(regress_host) tests/regress/behind.h tests/regress/calls.c
tests_regress_calls_CPPFLAGS = $(regress_cppflags)
tests_regress_calls_CFLAGS = $(invisible_cflags)
tests_regress_calls_LDFLAGS = -pthread
tests_regress_calls_LDADD = $(DL_LIBS)

# Past the libc's socket functions.
check_PROGRAMS += tests/regress/numbers
TESTS += tests/regress/numbers
tests_regress_numbers_SOURCES = $(regress_host) \
	tests/invisible/asked.c \
	tests/regress/handles.c \
	tests/regress/numbers.c tests/regress/numbers.h \
	tests/regress/plugins/plugins.h
tests_regress_numbers_CPPFLAGS = $(regress_cppflags)
tests_regress_numbers_CFLAGS = $(invisible_cflags)
tests_regress_numbers_LDFLAGS = -pthread
tests_regress_numbers_LDADD = $(DL_LIBS)

# What these programs load, or have preloaded.
regress_object_cflags = -std=gnu11 -fPIC -pthread $(AM_CFLAGS)
check_PROGRAMS += \
	tests/regress/behind.so \
	tests/regress/plugins/choosing.so \
	tests/regress/plugins/direct.so \
	tests/regress/plugins/hardened.so \
	tests/regress/plugins/own.so \
	tests/regress/plugins/serving.so \
	tests/regress/plugins/waiting.so

tests_regress_behind_so_SOURCES = tests/regress/behind.c tests/regress/behind.h
tests_regress_behind_so_CFLAGS = $(regress_object_cflags)
tests_regress_behind_so_LDFLAGS = -shared

tests_regress_plugins_choosing_so_SOURCES = \
	tests/regress/plugins/choosing.c tests/regress/plugins/plugins.h
tests_regress_plugins_choosing_so_CFLAGS = $(regress_object_cflags)
tests_regress_plugins_choosing_so_LDFLAGS = -shared -Wl,-rpath,'$$ORIGIN'
tests_regress_plugins_choosing_so_LDADD = tests/regress/plugins/own.so

tests_regress_plugins_direct_so_SOURCES = \
	tests/regress/plugins/direct.c tests/regress/plugins/plugins.h
tests_regress_plugins_direct_so_CFLAGS = $(regress_object_cflags)
tests_regress_plugins_direct_so_LDFLAGS = -shared
tests_regress_plugins_direct_so_LDADD = $(DL_LIBS)

# As distributions link it: the table of addresses is read-only.
tests_regress_plugins_hardened_so_SOURCES = \
	tests/regress/plugins/plugins.h tests/regress/plugins/serving.c
tests_regress_plugins_hardened_so_CFLAGS = $(regress_object_cflags)
tests_regress_plugins_hardened_so_LDFLAGS = -shared -Wl,-z,relro,-z,now

tests_regress_plugins_own_so_SOURCES = \
	tests/regress/plugins/own.c tests/regress/plugins/plugins.h
tests_regress_plugins_own_so_CFLAGS = $(regress_object_cflags)
tests_regress_plugins_own_so_LDFLAGS = -shared -Wl,-soname,own.so

tests_regress_plugins_serving_so_SOURCES = \
	tests/regress/plugins/plugins.h tests/regress/plugins/serving.c
tests_regress_plugins_serving_so_CFLAGS = $(regress_object_cflags)
tests_regress_plugins_serving_so_LDFLAGS = -shared

tests_regress_plugins_waiting_so_SOURCES = tests/regress/plugins/waiting.c
tests_regress_plugins_waiting_so_CFLAGS = $(regress_object_cflags)
tests_regress_plugins_waiting_so_LDFLAGS = -shared -pthread

# Compiles library and program itself.
TESTS += tests/regress/test_abi.py
EXTRA_DIST += tests/regress/test_abi.py tests/regress/abi.c

TESTS += tests/regress/test_install.sh tests/regress/test_unoptimized.sh
EXTRA_DIST += tests/regress/test_install.sh tests/regress/test_unoptimized.sh
