# SPDX-License-Identifier: MIT
# What packages are made from; nothing of it takes part in the build.
EXTRA_DIST += \
	debian/changelog \
	debian/control \
	debian/copyright \
	debian/libreplyfrom.install \
	debian/libreplyfrom.prerm \
	debian/replyfrom.install \
	debian/rules \
	debian/source/format \
	debian/tests/command \
	debian/tests/control \
	debian/tests/demo \
	packaging/replyfrom.spec
