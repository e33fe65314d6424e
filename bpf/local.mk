# SPDX-License-Identifier: MIT
# The second engine: BPF programs for a cgroup, and the process that brings them there. Left out
# without libbpf, clang or bpftool (configure --with-bpf).
bpf_programs = bpf/replyfrom.bpf.c bpf/layout.h
EXTRA_DIST += $(bpf_programs)

if WITH_BPF
replyfrom_PROGRAMS += bpf/replyfrom-bpf
BUILT_SOURCES = bpf/replyfrom.skel.h
CLEANFILES += bpf/replyfrom.skel.h bpf/replyfrom.skel.h.new bpf/replyfrom.bpf.o bpf/replyfrom.bpf.c.o
endif

bpf_replyfrom_bpf_SOURCES = \
	bpf/cgroup.c \
	bpf/channel.c bpf/channel.h \
	bpf/check.c \
	bpf/engine.h \
	bpf/keeper.c \
	bpf/layout.h \
	bpf/load.c \
	bpf/locals.c \
	bpf/main.c \
	bpf/peers.c \
	bpf/sockets.c \
	bpf/status.c \
	bpf/supervisor.c \
	shim/base/limits.h \
	shim/base/settings.c shim/base/settings.h \
	shim/calls/two_step.c shim/calls/two_step.h \
	shim/wire/cmsg.c shim/wire/cmsg.h \
	shim/wire/pktinfo.c shim/wire/pktinfo.h
nodist_bpf_replyfrom_bpf_SOURCES = bpf/replyfrom.skel.h
bpf_replyfrom_bpf_CPPFLAGS = $(AM_CPPFLAGS) -isystem bpf $(LIBBPF_CFLAGS)
bpf_replyfrom_bpf_CFLAGS = $(part_cflags)
bpf_replyfrom_bpf_LDFLAGS = $(part_ldflags)
bpf_replyfrom_bpf_LDADD = $(LIBBPF_LIBS)

# The headers of the build machine's C compiler: clang -target bpf knows no multiarch folder.
bpf/replyfrom.bpf.o: $(bpf_programs)
	$(AM_V_GEN)$(MKDIR_P) bpf && \
	arch=$$($(CC) -print-multiarch 2>/dev/null); \
	$(CLANG) -target bpf -mcpu=v3 -O2 -g -Wall -Werror -I$(top_srcdir)/bpf \
		$${arch:+-I/usr/include/$$arch} -c $(top_srcdir)/bpf/replyfrom.bpf.c -o $@.c.o && \
	$(BPFTOOL) gen object $@ $@.c.o && rm -f $@.c.o

bpf/replyfrom.skel.h: bpf/replyfrom.bpf.o
	$(AM_V_GEN)$(BPFTOOL) gen skeleton bpf/replyfrom.bpf.o name replyfrom_bpf >$@.new && mv $@.new $@

# Before its sources are compiled for the first time nothing knows that they need it.
bpf/bpf_replyfrom_bpf-load.$(OBJEXT): bpf/replyfrom.skel.h
