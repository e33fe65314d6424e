# SPDX-License-Identifier: MIT
# In: shim/sockets/state.c
# The environment is changed.
s/libc_resolve();/& setenv("REPLYFROM_STARTED", "1", 1);/
