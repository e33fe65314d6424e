# SPDX-License-Identifier: MIT
# In: shim/delivery.h
# The length of an address is cut to the room for it.
s/\*length = received->msg_namelen;/*length = room < received->msg_namelen ? room : received->msg_namelen;/
