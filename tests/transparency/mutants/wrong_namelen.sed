# SPDX-License-Identifier: MIT
# In: shim/calls/delivery.h
# msg_namelen is always that of IPv6.
s/message->msg_namelen = received->msg_namelen;/message->msg_namelen = sizeof(struct sockaddr_in6);/
