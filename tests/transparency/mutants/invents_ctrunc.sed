# SPDX-License-Identifier: MIT
# In: shim/calls/delivery.h
# What is hidden counts as truncated.
s/msg_flags = received->msg_flags | truncated/& | (message->msg_control ? 0 : MSG_CTRUNC)/
