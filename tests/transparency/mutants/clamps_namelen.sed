# SPDX-License-Identifier: MIT
# In: shim/calls/delivery.c
# The length of an address is cut to the room for it.
s/\*length = given;/*length = room < given ? room : given;/
