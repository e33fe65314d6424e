# SPDX-License-Identifier: MIT
# Other architectures: what Debian's cross compilers build, run by qemu-user. For root on Debian.
EXTRA_DIST += \
	tests/cross/check.sh \
	tests/cross/emulator.c \
	tests/cross/preloaded.py

# make check-cross ARCHES='s390x riscv64': these only.
ARCHES = arm64 armhf i386 ppc64el riscv64 s390x
.PHONY: check-cross
check-cross:
	$(MKDIR_P) check-cross && rm -rf check-cross/source
	$(MAKE) --no-print-directory distdir distdir=check-cross/source >check-cross/source.log
	$(SHELL) $(srcdir)/tests/cross/check.sh check-cross check-cross/source $(ARCHES)

# In the build for another architecture, by check.sh: EMULATOR is the command that runs its programs.
emulated_tests = \
	tests/stress/schedule/peers \
	tests/stress/schedule/records \
	$(unit_programs) \
	tests/cross/preloaded.py
.PHONY: check-emulated
check-emulated:
	$(MAKE) check LOG_COMPILER='$(EMULATOR)' TESTS='$(emulated_tests)'

clean-local: clean-cross
.PHONY: clean-cross
clean-cross:
	rm -rf check-cross
