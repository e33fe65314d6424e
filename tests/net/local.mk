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
	tests/net/demo.py \
	tests/net/static_echo.c \
	$(net_tests)

# For a tracer to count the system calls of.
check_PROGRAMS += tests/net/costs
tests_net_costs_SOURCES = tests/net/costs.c
tests_net_costs_CFLAGS = -std=gnu11 $(AM_CFLAGS)
