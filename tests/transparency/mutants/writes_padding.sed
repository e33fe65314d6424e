# SPDX-License-Identifier: MIT
# In: shim/wire/cmsg.c
# The bytes that pad a control message are written.
s/^\t\tinto += space;/\t\tmemset(into + length, 0, space > length ? space - length : 0);\
&/
