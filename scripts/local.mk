# SPDX-License-Identifier: MIT
# The wrapper, and the script behind --unit.
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

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = completion/replyfrom
