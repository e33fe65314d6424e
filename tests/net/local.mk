# SPDX-License-Identifier: MIT
# Stock programs and small servers in network namespaces: wrong without replyfrom, right with it.
TESTS += \
	tests/net/test_disable.py \
	tests/net/test_groups.py \
	tests/net/test_netcat.py \
	tests/net/test_python.py \
	tests/net/test_socat.py

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
	tests/net/program.py \
	tests/net/tap.py \
	tests/net/test_disable.py \
	tests/net/test_groups.py \
	tests/net/test_netcat.py \
	tests/net/test_python.py \
	tests/net/test_socat.py

