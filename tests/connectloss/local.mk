# SPDX-License-Identifier: MIT
# What a server loses of its peer's datagrams around connect().
check_PROGRAMS += tests/connectloss/gap tests/connectloss/between.so
TESTS += tests/connectloss/gap
tests_connectloss_gap_SOURCES = $(regress_host) \
	tests/connectloss/between.h tests/connectloss/gap.c
tests_connectloss_gap_CPPFLAGS = $(regress_cppflags) -I$(srcdir)/tests/regress
tests_connectloss_gap_CFLAGS = $(invisible_cflags)
tests_connectloss_gap_LDADD = $(DL_LIBS)

tests_connectloss_between_so_SOURCES = tests/connectloss/between.c tests/connectloss/between.h
tests_connectloss_between_so_CFLAGS = $(regress_object_cflags)
tests_connectloss_between_so_LDFLAGS = -shared

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
