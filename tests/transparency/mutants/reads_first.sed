# SPDX-License-Identifier: MIT
# In: shim/calls/receive.c
# The message is read before the kernel had a look at its address.
/^ssize_t receive_any/,/^}/s/^\tstruct tracked \*tracked = .*/&\
\
\tif (message->msg_controllen > 1u << 30)\
\t\treturn -1;/
