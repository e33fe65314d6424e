# SPDX-License-Identifier: MIT
# In: shim/calls/delivery.h
# The error queue teaches local addresses.
s/if (unlikely(flags & MSG_ERRQUEUE))/if (unlikely(flags < 0))/
