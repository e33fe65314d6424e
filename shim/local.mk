# SPDX-License-Identifier: MIT
# The library: one ELF module, so no libtool is needed.
replyfromdir = $(libdir)/replyfrom
replyfrom_PROGRAMS = shim/libreplyfrom.so

# The pure modules: bytes in, bytes out; the unit tests link them without a preload.
pure_sources = \
	shim/address.h \
	shim/bounds.h \
	shim/control.c shim/control.h \
	shim/locals.c shim/locals.h \
	shim/names.h \
	shim/peers.c shim/peers.h \
	shim/pktinfo.c shim/pktinfo.h \
	shim/settings.c shim/settings.h

shim_libreplyfrom_so_SOURCES = $(pure_sources) \
	shim/answer.c \
	shim/connect.c shim/connect.h \
	shim/counters.c shim/counters.h \
	shim/descriptor.c shim/descriptor.h \
	shim/delivery.h \
	shim/deepbind.c shim/deepbind.h \
	shim/helped.c shim/helped.h \
	shim/guard.c \
	shim/hook.h shim/hooks.h \
	shim/kernelchoice.c shim/kernelchoice.h \
	shim/hooks/after.h \
	shim/hooks/confine.c shim/hooks/descriptors.c shim/hooks/jump.S shim/hooks/loading.c shim/hooks/naming.c \
	shim/hooks/options.c shim/hooks/receive.c shim/hooks/send.c \
	shim/hooks/syscall.c shim/hooks/syscall.h shim/hooks/time64.c \
	shim/identity.c shim/identity.h \
	shim/libc.c shim/libc.h \
	shim/lookup.c shim/lookup.h \
	shim/rebind.c shim/rebind.h \
	shim/memory.c shim/memory.h \
	shim/rtnetlink.c shim/rtnetlink.h \
	shim/multicast.c shim/multicast.h \
	shim/options.c shim/options.h \
	shim/portable.h \
	shim/receive.c shim/receive.h \
	shim/refused.c \
	shim/report.c shim/report.h \
	shim/scratch.c shim/scratch.h \
	shim/send.c shim/send.h \
	shim/socket.c shim/socket.h \
	shim/source.c shim/source.h \
	shim/start.c shim/start.h \
	shim/receivevector.c shim/sendvector.c

AM_CPPFLAGS = -include config.h -I$(top_srcdir)/shim
AM_CFLAGS = $(WARN_CFLAGS)
shim_libreplyfrom_so_CPPFLAGS = $(AM_CPPFLAGS) -include $(top_srcdir)/shim/portable.h
shim_libreplyfrom_so_CFLAGS = -std=gnu11 -fPIC -fvisibility=hidden -fno-plt \
	-fstack-protector-strong -ftls-model=initial-exec $(LIBRARY_CFLAGS) $(AM_CFLAGS)
shim_libreplyfrom_so_CCASFLAGS = -fPIC
shim_libreplyfrom_so_LDFLAGS = -shared -Wl,-soname,libreplyfrom.so -Wl,-z,relro -Wl,-z,now \
	-Wl,-z,noexecstack $(LIBRARY_LDFLAGS) -Wl,-z,nodelete -Wl,--version-script,shim/exports.map
shim_libreplyfrom_so_LDADD = $(LIBRARY_LIBS)
shim_libreplyfrom_so_DEPENDENCIES = shim/exports.map

# Exactly the hooks are exported: the list is made from the hook table.
shim/exports.map: $(top_srcdir)/shim/hooks.h $(top_srcdir)/shim/local.mk config.status
	$(AM_V_GEN)$(MKDIR_P) shim && { \
	echo '{ global: replyfrom_version; replyfrom_counters;' && \
	echo '#include "hooks.h"' | $(CPP) -P -I$(top_srcdir)/shim -DHOOK_NAMES - | \
	tr ' ' '\n' | $(SED) -n 's/^HOOK:\(.*\):HOOK$$/\1;/p' && \
	echo 'local: *; };'; } >$@.new && mv $@.new $@

CLEANFILES += shim/exports.map shim/exports.map.new
