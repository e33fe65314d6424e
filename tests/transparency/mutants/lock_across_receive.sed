# SPDX-License-Identifier: MIT
# In: shim/calls/delivery.c shim/calls/receive.c shim/sockets/descriptor_table.h
# Nobody does anything while a thread waits for a datagram.
s/^int receive_guard = .*/&\
int held;/
s/^\tn = receive->receiver(fd, .*/\t__atomic_store_n(\&held, 1, __ATOMIC_RELEASE);\
&\
\t__atomic_store_n(\&held, 0, __ATOMIC_RELEASE);/
s/^static inline uint32_t descriptor_get(int fd)/extern int held;\
&/
s/^\tif (likely((unsigned int)fd < CHUNK))/\twhile (__atomic_load_n(\&held, __ATOMIC_ACQUIRE))\
\t\t;\
&/
