# SPDX-License-Identifier: MIT
include tests/unit/local.mk
include tests/net/local.mk
include tests/invisible/local.mk
include tests/bench/local.mk
include tests/wrapper/local.mk
include tests/recipes/local.mk
include tests/fuzz/local.mk
include tests/storm/local.mk
include tests/change/local.mk
include tests/soak/local.mk
include tests/hostile/local.mk
include tests/regress/local.mk
include tests/faults/local.mk
include tests/checks/local.mk
include tests/coverage/local.mk
include tests/programs/local.mk
include tests/connectloss/local.mk
