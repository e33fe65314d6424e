# SPDX-License-Identifier: MIT
# In: shim/calls/delivery.c
# The error queue teaches local addresses.
s/if (flags & MSG_ERRQUEUE)/if (flags < 0)/
