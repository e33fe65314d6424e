# SPDX-License-Identifier: MIT
# In: shim/wire/cmsg.c
# MSG_CTRUNC is lost.
s/flags |= MSG_CTRUNC/flags |= 0/
