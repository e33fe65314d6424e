# SPDX-License-Identifier: MIT
# `make bench`: measures; `make bench-page` also writes docs/performance.md and its plot.
bench_programs = tests/bench/bench tests/bench/stamp.so tests/bench/stub.so
EXTRA_PROGRAMS += $(bench_programs)
CLEANFILES += $(bench_programs)

tests_bench_bench_SOURCES = \
	tests/bench/bench.h \
	tests/bench/calls.c \
	tests/bench/connected.c \
	tests/bench/crowd.c \
	tests/bench/empty.c \
	tests/bench/hot.c \
	tests/bench/lab.c tests/bench/lab.h \
	tests/bench/main.c \
	tests/bench/memory.c \
	tests/bench/others.c \
	tests/bench/serve.c tests/bench/serve.h \
	tests/bench/stub.h \
	tests/bench/trips.c
tests_bench_bench_LDADD = $(DL_LIBS) -lpthread

tests_bench_stamp_so_SOURCES = tests/bench/stamp.c
tests_bench_stamp_so_CFLAGS = -fPIC $(AM_CFLAGS)
tests_bench_stamp_so_LDFLAGS = -shared

tests_bench_stub_so_SOURCES = tests/bench/stub.c tests/bench/stub.h
tests_bench_stub_so_CFLAGS = -fPIC $(AM_CFLAGS)
tests_bench_stub_so_LDFLAGS = -shared

bench_scripts = \
	tests/bench/bench.py \
	tests/bench/figures.py \
	tests/bench/instructions.py \
	tests/bench/lab.sh \
	tests/bench/page.py \
	tests/bench/plot.py \
	tests/bench/resources.py \
	tests/bench/servers.py
EXTRA_DIST += $(bench_scripts) tests/bench/performance.md.in docs/performance.md docs/performance.svg

bench_needs = $(bench_programs) shim/libreplyfrom.so tools/replyfrom
if WITH_BPF
bench_needs += bpf/replyfrom-bpf
endif
bench_run = PYTHONDONTWRITEBYTECODE=1 $(PYTHON3) $(srcdir)/tests/bench/bench.py \
	--build $(abs_top_builddir) $(BENCH_FLAGS)

.PHONY: bench bench-page
bench: $(bench_needs)
	$(bench_run)
bench-page: $(bench_needs)
	$(bench_run) --page $(top_srcdir)/docs/performance.md

# make bench-connect CONNECTS=100000: so many for each row, in the middle of a flood.
CONNECTS = 10000
check_PROGRAMS += tests/bench/connect_loss
tests_bench_connect_loss_SOURCES = tests/bench/connect_loss.c
tests_bench_connect_loss_CFLAGS = -std=gnu11 $(AM_CFLAGS)
EXTRA_DIST += tests/bench/connect_loss.py

.PHONY: bench-connect
bench-connect: tests/bench/connect_loss shim/libreplyfrom.so
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON3) $(srcdir)/tests/bench/connect_loss.py \
		--build $(abs_top_builddir) --connects $(CONNECTS)
