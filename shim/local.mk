# SPDX-License-Identifier: MIT
# The library: one ELF module, so no libtool is needed.
replyfromdir = $(libdir)/replyfrom
replyfrom_PROGRAMS = shim/libreplyfrom.so

# The pure modules: bytes in, bytes out; the unit tests link them without a preload.
pure_sources = \
	shim/wire/peer.h shim/base/address.h \
	shim/base/limits.h \
	shim/wire/cmsg.c shim/wire/cmsg.h \
	shim/peers/local_table.c shim/peers/local_table.h \
	shim/peers/peer_hash.h \
	shim/peers/last_recv.c shim/peers/last_recv.h \
	shim/peers/peer_table.c shim/peers/peer_table.h \
	shim/wire/pktinfo.c shim/wire/pktinfo.h \
	shim/base/settings.c shim/base/settings.h

shim_libreplyfrom_so_SOURCES = $(pure_sources) \
	shim/calls/reply.c shim/calls/reply.h shim/calls/route.h \
	shim/calls/connect.c shim/calls/connect.h \
	shim/base/counters.c shim/base/counters.h \
	shim/sockets/descriptor_table.c shim/sockets/descriptor_table.h \
	shim/calls/delivery.c shim/calls/delivery.h \
	shim/hooks/deepbind.c shim/hooks/deepbind.h \
	shim/sockets/tracked.c shim/sockets/tracked.h \
	shim/libc/stack_guard.c \
	shim/base/chunk.h shim/base/compiler.h shim/libc/hooks.h \
	shim/calls/kernel_choice.c shim/calls/kernel_choice.h \
	shim/hooks/after.c shim/hooks/after.h \
	shim/hooks/confine.c shim/hooks/descriptors.c shim/hooks/jump.S shim/hooks/dlopen.c shim/hooks/bind_connect.c \
	shim/hooks/sockopt.c shim/hooks/receive.c shim/hooks/send.c \
	shim/hooks/syscall.c shim/hooks/syscall.h shim/hooks/time64.c \
	shim/base/identity.c shim/base/identity.h \
	shim/libc/libc.c shim/libc/libc.h \
	shim/libc/lookup.c shim/libc/lookup.h \
	shim/calls/rebind.c shim/calls/rebind.h \
	shim/base/memory.c shim/base/memory.h \
	shim/base/rtnetlink.c shim/base/rtnetlink.h \
	shim/calls/multicast_if.c shim/calls/multicast_if.h \
	shim/calls/two_step.c shim/calls/two_step.h \
	shim/sockets/pktinfo_option.c shim/sockets/pktinfo_option.h \
	shim/libc/portable.h \
	shim/calls/receive.c shim/calls/receive.h \
	shim/calls/refused.c shim/calls/refused.h \
	shim/base/log.c shim/base/log.h \
	shim/base/scratch.c shim/base/scratch.h \
	shim/calls/send.c shim/calls/send.h \
	shim/sockets/classify.c shim/sockets/classify.h \
	shim/calls/source.c shim/calls/source.h \
	shim/sockets/space.c shim/sockets/space.h \
	shim/sockets/state.c shim/sockets/state.h \
	shim/calls/recvmmsg.c shim/calls/recvmmsg.h shim/calls/sendmmsg.c shim/calls/sendmmsg.h

AM_CPPFLAGS = -include config.h -I$(top_srcdir)/shim
AM_CFLAGS = $(WARN_CFLAGS)
shim_libreplyfrom_so_CPPFLAGS = $(AM_CPPFLAGS) -include $(top_srcdir)/shim/libc/portable.h
shim_libreplyfrom_so_CFLAGS = -std=gnu11 -fPIC -fvisibility=hidden -fno-plt \
	-fstack-protector-strong -ftls-model=initial-exec $(LIBRARY_CFLAGS) $(AM_CFLAGS)
shim_libreplyfrom_so_CCASFLAGS = -fPIC
shim_libreplyfrom_so_LDFLAGS = -shared -Wl,-soname,libreplyfrom.so -Wl,-z,relro -Wl,-z,now \
	-Wl,-z,noexecstack $(LIBRARY_LDFLAGS) -Wl,-z,nodelete -Wl,--version-script,shim/exports.map
shim_libreplyfrom_so_LDADD = $(LIBRARY_LIBS)
shim_libreplyfrom_so_DEPENDENCIES = shim/exports.map

# Exactly the hooks are exported: the list is made from the hook table.
shim/exports.map: $(top_srcdir)/shim/libc/hooks.h $(top_srcdir)/shim/local.mk config.status
	$(AM_V_GEN)$(MKDIR_P) shim && { \
	echo '{ global: replyfrom_version; replyfrom_counters;' && \
	echo '#include "libc/hooks.h"' | $(CPP) -P -I$(top_srcdir)/shim -DHOOK_NAMES - | \
	tr ' ' '\n' | $(SED) -n 's/^HOOK:\(.*\):HOOK$$/\1;/p' && \
	echo 'local: *; };'; } >$@.new && mv $@.new $@

CLEANFILES += shim/exports.map shim/exports.map.new
