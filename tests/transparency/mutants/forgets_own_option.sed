# SPDX-License-Identifier: MIT
# In: shim/sockets/pktinfo_option.c
# A PKTINFO option that the program sets itself is not noted.
s/wanted = on ? wanted | kind : wanted & ~kind;/(void)on;/
