# SPDX-License-Identifier: MIT
# In: shim/calls/source.h
# A broadcast leaves the older local address of the peer in place.
s/^\theard_write(&thread_last_recv, names.peer, salt, local);/\tif (!source_usable(local))\
\t\treturn;\
&/
