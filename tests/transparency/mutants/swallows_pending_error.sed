# SPDX-License-Identifier: MIT
# In: shim/calls/sendmmsg.c
# An error that waited on the socket is not told.
s/ && (n >= 0 || send_is_source_error()) &&$/;/
/^\t*send_is_refused(fd, &copies/d
