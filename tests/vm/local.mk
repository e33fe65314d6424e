# SPDX-License-Identifier: MIT
# Whole machines: Debian with systemd under QEMU, on the kernels of several Debian releases. For root on Debian.
EXTRA_DIST += \
	tests/vm/guest/boot.sh \
	tests/vm/guest/apparmor.sh \
	tests/vm/guest/containers.py \
	tests/vm/guest/echo.py \
	tests/vm/guest/engine.py \
	tests/vm/guest/machine.py \
	tests/vm/guest/packages.py \
	tests/vm/guest/services.py \
	tests/vm/guest/suite.py \
	tests/vm/guest/vrf.py \
	tests/vm/image.sh \
	tests/vm/packages \
	tests/vm/page.py \
	tests/vm/replyfrom-vm.service \
	tests/vm/run.py \
	tests/vm/setup.sh

# VM_PLACES: KERNEL/TEST, such as bookworm/services.py; all by default. With places named, the document is left alone.
# VM_JOBS: so many machines at a time, of 2 GB each.
VM_PLACES =
VM_JOBS = `nproc`
.PHONY: check-vm
check-vm:
	$(SHELL) $(srcdir)/tests/vm/setup.sh
	$(MKDIR_P) check-vm && rm -rf check-vm/source
	$(MAKE) --no-print-directory distdir distdir=check-vm/source
	$(SHELL) $(srcdir)/tests/vm/image.sh check-vm check-vm/source
	page='--page $(srcdir)/docs/compatibility.md'; test -z "$(VM_PLACES)" || page=; \
	$(PYTHON3) $(srcdir)/tests/vm/run.py $$page --jobs $(VM_JOBS) check-vm $(VM_PLACES)

clean-local: clean-vm
.PHONY: clean-vm
clean-vm:
	rm -rf check-vm
