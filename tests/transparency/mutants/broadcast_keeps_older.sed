# SPDX-License-Identifier: MIT
# In: shim/calls/source.h
# A broadcast leaves the older local address of the peer in place.
s/^\tlast_recv_write(&thread_last_recv, peer, salt, local);/\tif (!local_is_usable(local))\
\t\treturn true;\
&/
