# SPDX-License-Identifier: MIT
# In: shim/calls/receive.c
# An interrupted receive goes on.
s/^\tn = libc.recvmsg(fd, \(&*received\), flags);/&\
\twhile (n < 0 \&\& errno == EINTR)\
\t\tn = libc.recvmsg(fd, \1, flags);/
