# SPDX-License-Identifier: MIT
# The tests' library: the lab, results in the Test Anything Protocol, servers and clients, and two sides to compare.
EXTRA_DIST += \
	tests/lib/abi_server.c \
	tests/lib/abi_server.py \
	tests/lib/cases.py \
	tests/lib/echo.py \
	tests/lib/lab.py \
	tests/lib/namespaces.py \
	tests/lib/patterns.py \
	tests/lib/program.py \
	tests/lib/puppet.py \
	tests/lib/tap.py \
	tests/lib/tap.sh

lib_cflags = -std=gnu11 -pthread $(AM_CFLAGS)
lib_object_cflags = -fPIC $(lib_cflags)
# Found at run time by the loader, not at link time: the library comes by LD_PRELOAD.
lib_preload = \
	tests/lib/deadline.h \
	tests/lib/interposer.h \
	tests/lib/kernel_call.h \
	tests/lib/loopback.c tests/lib/loopback.h \
	tests/lib/preload.c tests/lib/preload.h
# A side that makes calls, plain or helped, and cases that both sides run.
lib_side = $(lib_preload) tests/lib/fortified.c tests/lib/side.c tests/lib/side.h
lib_cases = $(lib_side) \
	tests/lib/asked.c tests/lib/asked.h \
	tests/lib/cases.c tests/lib/cases.h
# Hosts with several addresses, on both sides.
lib_host = $(lib_cases) tests/lib/host.c tests/lib/host.h

# A second preload, behind the library.
check_PROGRAMS += tests/lib/interposer.so
tests_lib_interposer_so_SOURCES = tests/lib/interposer.c tests/lib/interposer.h
tests_lib_interposer_so_CFLAGS = $(lib_object_cflags)
tests_lib_interposer_so_LDFLAGS = -shared
tests_lib_interposer_so_LDADD = $(DL_LIBS)

# A server with a mode for each way that servers receive and answer.
check_PROGRAMS += tests/lib/server/server
tests_lib_server_server_SOURCES = \
	tests/lib/filter.h \
	tests/lib/map_by_number.h \
	tests/lib/server/confine.c \
	tests/lib/server/connects.c \
	tests/lib/server/datagrams.c \
	tests/lib/server/fresh.c \
	tests/lib/server/main.c \
	tests/lib/server/processes.c \
	tests/lib/server/server.h \
	tests/lib/server/threads.c
tests_lib_server_server_CFLAGS = $(lib_cflags)
tests_lib_server_server_LDFLAGS = -pthread

# A program that does what a test tells it.
check_PROGRAMS += tests/lib/puppet
tests_lib_puppet_SOURCES = tests/lib/deadline.h tests/lib/filter.h tests/lib/puppet.c
tests_lib_puppet_CFLAGS = $(lib_cflags)
tests_lib_puppet_LDFLAGS = -pthread
