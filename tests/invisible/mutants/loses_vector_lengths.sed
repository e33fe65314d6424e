# SPDX-License-Identifier: MIT
# In: shim/receivevector.c
# The lengths of a vector of messages are not told.
s/^\t\tmessage->msg_len = batch->copies\[i\].msg_len;//
