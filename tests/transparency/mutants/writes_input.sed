# SPDX-License-Identifier: MIT
# In: shim/calls/send.c
# The program's const message is written to.
s/^\tstruct msghdr copy = \*message;/\t((struct msghdr *)(uintptr_t)message)->msg_flags = 0;\
&/
