# SPDX-License-Identifier: MIT
# Stock programs and small servers in network namespaces: wrong without replyfrom, right with it.
net_tests = \
	tests/net/test_calls.py \
	tests/net/test_connect.py \
	tests/net/test_costs.py \
	tests/net/test_disable.py \
	tests/net/test_groups.py \
	tests/net/test_knowledge.py \
	tests/net/test_netcat.py \
	tests/net/test_peers.py \
	tests/net/test_privileges.py \
	tests/net/test_processes.py \
	tests/net/test_promises.py \
	tests/net/test_python.py \
	tests/net/test_routes.py \
	tests/net/test_socat.py \
	tests/net/test_source_settings.py \
	tests/net/test_speaks_first.py \
	tests/net/test_threads.py
TESTS += $(net_tests)

EXTRA_DIST += \
	.ci/run \
	scripts/demo \
	scripts/setup.sh \
	scripts/test \
	tests/net/cases.py \
	tests/net/demo.py \
	tests/net/echo.py \
	tests/net/lab.py \
	tests/net/namespaces.py \
	tests/net/patterns.py \
	tests/net/program.py \
	tests/net/puppet.py \
	tests/net/static_echo.c \
	tests/net/tap.py \
	$(net_tests)

# A server with a mode for each way that servers receive and answer.
check_PROGRAMS += tests/net/server/server
tests_net_server_server_SOURCES = \
	tests/faults/filter.h \
	tests/net/server/confine.c \
	tests/net/server/connects.c \
	tests/net/server/datagrams.c \
	tests/net/server/fresh.c \
	tests/net/server/main.c \
	tests/net/server/processes.c \
	tests/net/server/server.h \
	tests/net/server/threads.c
tests_net_server_server_CFLAGS = -std=gnu11 -pthread $(AM_CFLAGS)
tests_net_server_server_LDFLAGS = -pthread

# A program that does what a test tells it.
check_PROGRAMS += tests/net/puppet
tests_net_puppet_SOURCES = tests/faults/filter.h tests/net/puppet.c
tests_net_puppet_CFLAGS = -std=gnu11 -pthread $(AM_CFLAGS)
tests_net_puppet_LDFLAGS = -pthread

# For a tracer to count the system calls of.
check_PROGRAMS += tests/net/costs
tests_net_costs_SOURCES = tests/net/costs.c
tests_net_costs_CFLAGS = -std=gnu11 $(AM_CFLAGS)
