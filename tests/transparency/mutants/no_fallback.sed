# SPDX-License-Identifier: MIT
# In: shim/calls/refused.c
# When a source is refused, the datagram is not sent.
s/n = libc.sendmsg(fd, original, flags);/n = -1;/
