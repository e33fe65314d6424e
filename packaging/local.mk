# SPDX-License-Identifier: MIT
# What packages are made from.
EXTRA_DIST += \
	debian/changelog \
	debian/control \
	debian/copyright \
	debian/libreplyfrom.install \
	debian/libreplyfrom.prerm \
	debian/replyfrom-bpf.install \
	debian/replyfrom.install \
	debian/rules \
	debian/source/format \
	debian/tests/command \
	debian/tests/control \
	debian/tests/demo \
	packaging/replyfrom-attach@.service.in \
	packaging/replyfrom.spec \
	packaging/rpmlint.toml

# The service that attaches the BPF engine to another one.
if WITH_BPF
systemdsystemunitdir = $(prefix)/lib/systemd/system
systemdsystemunit_DATA = packaging/replyfrom-attach@.service
CLEANFILES += packaging/replyfrom-attach@.service
packaging/replyfrom-attach@.service: packaging/replyfrom-attach@.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) packaging && \
	$(SED) -e 's|@libdir[@]|$(libdir)|g' '$(top_srcdir)/packaging/replyfrom-attach@.service.in' >'$@.new' && \
	mv '$@.new' '$@'
endif
