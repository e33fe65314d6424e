# SPDX-License-Identifier: MIT
# In: shim/hooks/receive.c
# The message is read before the kernel had a look at its address.
/^ssize_t hook_recvmsg/,/^}/s/^\tssize_t n;/&\
\
\tif (message->msg_controllen > 1u << 30)\
\t\treturn -1;/
