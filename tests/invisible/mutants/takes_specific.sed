# SPDX-License-Identifier: MIT
# In: shim/socket.c
# Sockets with an address of their own get options, too.
s/if (!address_is_any(&self.host) && !address_is_multicast(&self.host))/if (self.port == 0)/
