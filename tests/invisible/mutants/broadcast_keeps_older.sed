# SPDX-License-Identifier: MIT
# In: shim/source.h
# A broadcast leaves the older local address of the peer in place.
s/^\tnames_of_peer(&names, &library.key, peer, cookie);/\tif (!source_usable(local))\
\t\treturn;\
&/
