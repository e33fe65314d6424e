# SPDX-License-Identifier: MIT
# The wrapper, and the programs that it leaves some of the work to.
part_cflags = -std=gnu11 -fPIE -fstack-protector-strong $(AM_CFLAGS)
part_ldflags = -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack

# What they share: the check before a start, and messages.
noinst_LIBRARIES = tools/libcheck.a
tools_libcheck_a_SOURCES = \
	shim/base/address.h shim/base/limits.h shim/libc/hooks.h \
	shim/base/settings.c shim/base/settings.h \
	tools/check/apparmor.c tools/check/apparmor.h \
	tools/check/check.h \
	tools/check/child.c tools/check/child.h \
	tools/check/elf.c tools/check/elf.h \
	tools/check/engine.c tools/check/engine.h \
	tools/check/env.c tools/check/env.h \
	tools/check/libraries.c \
	tools/check/library.c \
	tools/check/privilege.c \
	tools/check/program.c \
	tools/check/settings.c \
	tools/check/sibling.c \
	tools/check/start.c \
	tools/check/verdict.c \
	tools/become.c tools/become.h \
	tools/environment.c tools/environment.h \
	tools/message.c tools/message.h \
	tools/options.c tools/options.h
tools_libcheck_a_CFLAGS = $(part_cflags)

# The wrapper is built twice: one looks for its parts in the build tree, the other never does.
noinst_PROGRAMS += tools/replyfrom
bin_PROGRAMS = tools/installed/replyfrom
wrapper_sources = tools/replyfrom.c tools/parts.c tools/parts.h
tools_replyfrom_SOURCES = $(wrapper_sources)
tools_replyfrom_CPPFLAGS = $(AM_CPPFLAGS) -DIN_TREE
tools_replyfrom_CFLAGS = $(part_cflags)
tools_replyfrom_LDFLAGS = $(part_ldflags)
tools_replyfrom_LDADD = tools/libcheck.a $(DL_LIBS)
tools_installed_replyfrom_SOURCES = $(wrapper_sources)
tools_installed_replyfrom_CPPFLAGS = $(AM_CPPFLAGS) \
	-DBINDIR='"$(bindir)"' -DLIBDIR='"$(libdir)"'
tools_installed_replyfrom_CFLAGS = $(part_cflags)
tools_installed_replyfrom_LDFLAGS = $(part_ldflags)
tools_installed_replyfrom_LDADD = tools/libcheck.a $(DL_LIBS)

replyfrom_PROGRAMS += \
	tools/replyfrom-check \
	tools/replyfrom-probe \
	tools/replyfrom-scan \
	tools/replyfrom-status
tools_replyfrom_check_SOURCES = tools/check/main.c
tools_replyfrom_check_CFLAGS = $(part_cflags)
tools_replyfrom_check_LDFLAGS = $(part_ldflags)
tools_replyfrom_check_LDADD = tools/libcheck.a $(DL_LIBS)

tools_replyfrom_probe_SOURCES = \
	tools/probe/main.c \
	tools/probe/probe.h \
	tools/probe/report.c \
	tools/probe/requests.c \
	tools/scan/fail.h
tools_replyfrom_probe_CFLAGS = $(part_cflags)
tools_replyfrom_probe_LDFLAGS = $(part_ldflags)
tools_replyfrom_probe_LDADD = tools/libcheck.a

process_sources = \
	tools/scan/fail.h \
	tools/scan/library.c tools/scan/library.h \
	tools/scan/process.c tools/scan/process.h \
	tools/scan/scan.h \
	tools/scan/servers.c \
	tools/scan/socket.c tools/scan/socket.h \
	tools/status/counters.c \
	shim/base/counters.h shim/base/compiler.h
tools_replyfrom_scan_SOURCES = $(process_sources) \
	tools/status/engines.c tools/status/engines.h \
	tools/scan/judge.c tools/scan/judge.h \
	tools/scan/main.c
tools_replyfrom_scan_CFLAGS = $(part_cflags)
tools_replyfrom_scan_LDFLAGS = $(part_ldflags)
tools_replyfrom_scan_LDADD = tools/libcheck.a $(DL_LIBS)

tools_replyfrom_status_SOURCES = $(process_sources) \
	tools/status/engines.c tools/status/engines.h \
	tools/status/main.c \
	tools/status/notes.c \
	tools/status/report.c \
	tools/status/status.h
tools_replyfrom_status_CFLAGS = $(part_cflags)
tools_replyfrom_status_LDFLAGS = $(part_ldflags)
tools_replyfrom_status_LDADD = tools/libcheck.a $(DL_LIBS)
