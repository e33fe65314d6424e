# SPDX-License-Identifier: MIT
# In: shim/calls/receive.c
# A descriptor that came over a UNIX socket is taken for what its number was.
s/^\t*socket_forget(fd);//
