#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what `make check-vm` takes.
set -eu
# shellcheck source=scripts/setup.sh
. "$(dirname -- "$0")/../../scripts/setup.sh"
need_program mmdebstrap mmdebstrap
need_program qemu-system-x86 qemu-system-x86_64
need_program e2fsprogs mke2fs
need_program python3 python3
install_missing
