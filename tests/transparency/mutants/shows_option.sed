# SPDX-License-Identifier: MIT
# In: shim/sockets/pktinfo_option.c
# getsockopt() shows what the library set.
s/wanted = (tracked_get(tracked, wanted) & kind) != 0;/return;/
