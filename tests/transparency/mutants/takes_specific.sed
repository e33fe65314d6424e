# SPDX-License-Identifier: MIT
# In: shim/sockets/classify.c
# Sockets with an address of their own get options, too.
s/if (!address_is_any(&self.host) && !address_is_multicast(&self.host))/if (self.port == 0)/
