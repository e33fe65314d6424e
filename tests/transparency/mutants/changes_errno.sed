# SPDX-License-Identifier: MIT
# In: shim/calls/receive.c
# errno is changed by a call that succeeds.
s/^\(\t*\)learned_read(learned, &*received, flags);/\1errno = ENOENT;\
&/
