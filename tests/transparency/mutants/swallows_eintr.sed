# SPDX-License-Identifier: MIT
# In: shim/calls/receive.c
# An interrupted receive goes on.
s/^\tn = \(receive->receiver(fd, .*\)/&\
\twhile (n < 0 \&\& errno == EINTR)\
\t\tn = \1/
