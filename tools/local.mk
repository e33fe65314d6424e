# SPDX-License-Identifier: MIT
# The programs that the wrapper leaves the work to.
replyfrom_PROGRAMS += \
	tools/replyfrom-check \
	tools/replyfrom-probe \
	tools/replyfrom-scan \
	tools/replyfrom-status
judge_sources = \
	tools/check/check.h \
	tools/check/elf.c tools/check/elf.h \
	tools/check/privilege.c \
	tools/check/program.c \
	shim/hooks.h
tools_replyfrom_check_SOURCES = $(judge_sources) \
	tools/check/library.c \
	tools/check/main.c \
	tools/check/settings.c \
	tools/check/sibling.c \
	tools/check/verdict.c \
	shim/address.h shim/bounds.h \
	shim/settings.c shim/settings.h
tools_replyfrom_check_CFLAGS = $(part_cflags)
tools_replyfrom_check_LDFLAGS = $(part_ldflags)
tools_replyfrom_check_LDADD = $(DL_LIBS)

tools_replyfrom_probe_SOURCES = \
	tools/probe/main.c \
	tools/probe/probe.h \
	tools/probe/report.c \
	tools/probe/requests.c \
	tools/scan/fail.h
tools_replyfrom_probe_CFLAGS = $(part_cflags)
tools_replyfrom_probe_LDFLAGS = $(part_ldflags)

process_sources = \
	tools/scan/fail.h \
	tools/scan/process.c tools/scan/process.h \
	tools/scan/scan.h \
	tools/scan/servers.c
tools_replyfrom_scan_SOURCES = $(judge_sources) $(process_sources) \
	tools/scan/judge.c \
	tools/scan/main.c
tools_replyfrom_scan_CFLAGS = $(part_cflags)
tools_replyfrom_scan_LDFLAGS = $(part_ldflags)

tools_replyfrom_status_SOURCES = $(process_sources) \
	tools/status/counters.c \
	tools/status/main.c \
	tools/status/report.c \
	tools/status/status.h \
	shim/counters.h shim/hook.h
tools_replyfrom_status_CFLAGS = $(part_cflags)
tools_replyfrom_status_LDFLAGS = $(part_ldflags)

part_cflags = -std=gnu11 -fPIE -fstack-protector-strong $(AM_CFLAGS)
part_ldflags = -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
