# SPDX-License-Identifier: MIT
include tests/lib/local.mk
include tests/unit/local.mk
include tests/net/local.mk
include tests/transparency/local.mk
include tests/stress/storm/local.mk
include tests/stress/schedule/local.mk
include tests/stress/hostile/local.mk
include tests/stress/change/local.mk
include tests/stress/soak/local.mk
include tests/cli/local.mk
include tests/compat/local.mk
include tests/bench/local.mk
include tests/fuzz/local.mk
include tests/bpf/local.mk
include tests/tools/local.mk
include tests/vm/local.mk
include tests/cross/local.mk
