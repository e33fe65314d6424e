# SPDX-License-Identifier: MIT
# In: shim/sockets/classify.c
# Sockets with an address of their own get options, too.
s/return !address_is_any(&self->host) && .*/return self->port == 0;/
