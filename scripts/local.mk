# SPDX-License-Identifier: MIT
# The script behind --unit, and what completes the wrapper's options.
replyfrom_SCRIPTS = scripts/replyfrom-unit
CLEANFILES += scripts/replyfrom-unit
EXTRA_DIST += scripts/image scripts/replyfrom-unit.in

scripts/replyfrom-unit: scripts/replyfrom-unit.in Makefile
	$(AM_V_GEN)$(MKDIR_P) scripts && \
	$(SED) -e 's|@VERSION[@]|$(VERSION)|g' $(srcdir)/$@.in >$@.new && \
	chmod +x $@.new && mv $@.new $@

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = completion/replyfrom
