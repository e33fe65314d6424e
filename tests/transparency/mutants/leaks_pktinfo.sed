# SPDX-License-Identifier: MIT
# In: shim/calls/delivery.h
# The program sees PKTINFO that it did not ask for.
s/(INFO_V4 | INFO_V6) & ~wanted/0 \& ~wanted/
