# SPDX-License-Identifier: MIT
# In: shim/calls/recvmmsg.c
# The lengths of a vector of messages are not told.
s/^\t\tmessage->msg_len = batch->copies\[i\].msg_len;//
