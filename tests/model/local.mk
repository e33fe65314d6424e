# SPDX-License-Identifier: MIT
# The tables of the library under the model checker GenMC, in all executions that the memory model of C11 allows. For Debian 12.
EXTRA_DIST += \
	tests/model/check.py \
	tests/model/genmc.sh \
	tests/model/model.h \
	tests/model/orders \
	tests/model/peers.c \
	tests/model/records.c \
	tests/model/spaces.c

# GENMC: the program; by default it is built from its public repository, or from the one that GENMC_SOURCE names.
# SCENARIOS: these only.
GENMC =
SCENARIOS =
.PHONY: check-model
check-model:
	$(MKDIR_P) check-model/sources
	test -n "$(GENMC)" || $(SHELL) $(srcdir)/tests/model/genmc.sh check-model
	genmc=$(GENMC); $(PYTHON3) $(srcdir)/tests/model/check.py $${genmc:-check-model/genmc/genmc} check-model/sources $(SCENARIOS)

clean-local: clean-model
.PHONY: clean-model
clean-model:
	rm -rf check-model
