# SPDX-License-Identifier: MIT
# In: shim/wire/cmsg.c
# A control message without room enough is left out instead of cut.
s/length = room;/continue;/
