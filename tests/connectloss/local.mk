# SPDX-License-Identifier: MIT
# What a server loses of its peer's datagrams around connect().
# make bench-connect CONNECTS=100000: so many for each row, in the middle of a flood.
CONNECTS = 10000
check_PROGRAMS += tests/connectloss/connectloss
tests_connectloss_connectloss_SOURCES = tests/connectloss/connectloss.c
tests_connectloss_connectloss_CFLAGS = -std=gnu11 $(AM_CFLAGS)
EXTRA_DIST += tests/connectloss/measure.py

.PHONY: bench-connect
bench-connect: tests/connectloss/connectloss shim/libreplyfrom.so
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON3) $(srcdir)/tests/connectloss/measure.py \
		--build $(abs_top_builddir) --connects $(CONNECTS)
