# SPDX-License-Identifier: MIT
# In: shim/source.h
# A broadcast leaves the older local address of the peer in place.
s/^\tsource_count(COUNTER_learnt);/\tif (!source_usable(local))\
\t\treturn;\
&/
