# SPDX-License-Identifier: MIT
# In: shim/receivevector.c
# The lengths of a vector of messages are not told.
s/^\t\tmessages\[i\].msg_len = copies\[i\].msg_len;//
