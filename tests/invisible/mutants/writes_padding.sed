# SPDX-License-Identifier: MIT
# In: shim/control.c
# The bytes that pad a control message are written.
s/memcpy(into, header, length);/& memset(into + length, 0, space > length ? space - length : 0);/
