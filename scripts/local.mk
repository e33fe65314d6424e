# SPDX-License-Identifier: MIT
# The wrapper, and the programs that it leaves the work to.
bin_SCRIPTS += scripts/replyfrom
replyfrom_SCRIPTS = scripts/replyfrom-unit
made_scripts = scripts/replyfrom scripts/replyfrom-unit
CLEANFILES += $(made_scripts)
EXTRA_DIST += scripts/replyfrom.in scripts/replyfrom-unit.in

# Made here and not by config.status: only make knows @libdir@ to the end.
scripts/replyfrom: scripts/replyfrom.in
scripts/replyfrom-unit: scripts/replyfrom-unit.in
$(made_scripts): Makefile
	$(AM_V_GEN)$(MKDIR_P) scripts && \
	$(SED) -e 's|@libdir[@]|$(libdir)|g' -e 's|@VERSION[@]|$(VERSION)|g' \
		$(srcdir)/$@.in >$@.new && \
	chmod +x $@.new && mv $@.new $@

replyfrom_PROGRAMS += \
	scripts/replyfrom-check \
	scripts/replyfrom-probe \
	scripts/replyfrom-scan \
	scripts/replyfrom-status
judge_sources = \
	scripts/check/apparmor.c scripts/check/apparmor.h \
	scripts/check/check.h \
	scripts/check/elf.c scripts/check/elf.h \
	scripts/check/env.c scripts/check/env.h \
	scripts/check/privilege.c \
	scripts/check/program.c \
	shim/hooks.h
scripts_replyfrom_check_SOURCES = $(judge_sources) \
	scripts/check/library.c \
	scripts/check/main.c \
	scripts/check/settings.c \
	scripts/check/sibling.c \
	scripts/check/verdict.c \
	shim/bounds.h \
	shim/settings.c shim/settings.h
scripts_replyfrom_check_CFLAGS = $(part_cflags)
scripts_replyfrom_check_LDFLAGS = $(part_ldflags)
scripts_replyfrom_check_LDADD = $(DL_LIBS)

scripts_replyfrom_probe_SOURCES = \
	scripts/probe/main.c \
	scripts/probe/probe.h \
	scripts/probe/report.c \
	scripts/probe/requests.c \
	scripts/scan/fail.h
scripts_replyfrom_probe_CFLAGS = $(part_cflags)
scripts_replyfrom_probe_LDFLAGS = $(part_ldflags)

process_sources = \
	scripts/scan/fail.h \
	scripts/scan/library.c scripts/scan/library.h \
	scripts/scan/process.c scripts/scan/process.h \
	scripts/scan/scan.h \
	scripts/scan/servers.c \
	scripts/scan/socket.c scripts/scan/socket.h \
	scripts/status/counters.c \
	shim/bounds.h shim/counters.h shim/hook.h \
	shim/settings.c shim/settings.h
scripts_replyfrom_scan_SOURCES = $(judge_sources) $(process_sources) \
	scripts/scan/judge.c scripts/scan/judge.h \
	scripts/scan/main.c
scripts_replyfrom_scan_CFLAGS = $(part_cflags)
scripts_replyfrom_scan_LDFLAGS = $(part_ldflags)

scripts_replyfrom_status_SOURCES = $(judge_sources) $(process_sources) \
	scripts/status/main.c \
	scripts/status/notes.c \
	scripts/status/report.c \
	scripts/status/status.h
scripts_replyfrom_status_CFLAGS = $(part_cflags)
scripts_replyfrom_status_LDFLAGS = $(part_ldflags)

part_cflags = -std=gnu11 -fPIE -fstack-protector-strong $(AM_CFLAGS)
part_ldflags = -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = completion/replyfrom
