# SPDX-License-Identifier: MIT
# In: shim/calls/delivery.h
# MSG_TRUNC is lost.
s/msg_flags = received->msg_flags | truncated/msg_flags = (received->msg_flags \& ~MSG_TRUNC) | truncated/
