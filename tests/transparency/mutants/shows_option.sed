# SPDX-License-Identifier: MIT
# In: shim/sockets/pktinfo_option.c
# getsockopt() shows what the library set.
s/wanted = (helped_get(helped, wanted) & kind) != 0;/return;/
