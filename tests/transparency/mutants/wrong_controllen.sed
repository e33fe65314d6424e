# SPDX-License-Identifier: MIT
# In: shim/wire/cmsg.c
# msg_controllen counts what is hidden, too.
s/to->msg_controllen -= room;/to->msg_controllen = from->msg_controllen;/
