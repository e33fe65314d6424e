# SPDX-License-Identifier: MIT
# In: shim/receive.c
# An interrupted receive goes on.
/n : receive_again/i\
\twhile (n < 0 \&\& errno == EINTR)\
\t\tn = libc.recvmsg(fd, message, flags | guard_flag());
