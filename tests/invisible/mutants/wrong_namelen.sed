# SPDX-License-Identifier: MIT
# In: shim/delivery.h
# msg_namelen is always that of IPv6.
s/\*length = received->msg_namelen;/*length = sizeof(struct sockaddr_in6);/
