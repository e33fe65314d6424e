# SPDX-License-Identifier: MIT
# In: shim/base/scratch.c
# Memory of a call that did not come to its end is lost.
s/^\treturn marker >= low/\treturn low == 0 \&\& marker >= low/
s/(errno == EAGAIN || errno == EFAULT)/errno == 0/
