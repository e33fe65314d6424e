# SPDX-License-Identifier: MIT
# In: shim/control.c
# A control message without room enough is left out instead of cut.
s/length = room;/continue;/
