# SPDX-License-Identifier: MIT
# In: shim/delivery.h
# msg_namelen is always that of IPv6.
s/\*length = sizeof(struct sockaddr_in);/*length = sizeof(struct sockaddr_in6);/
