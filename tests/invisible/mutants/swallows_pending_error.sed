# SPDX-License-Identifier: MIT
# In: shim/sendvector.c
# An error that waited on the socket is not told.
/(n < 0 && !send_is_source_error()) ||/d
/!send_is_refused(fd, &copies/d
