# SPDX-License-Identifier: MIT
# In: shim/hooks/descriptors.c
# What a duplicate's number was before, it is taken for.
s/^\tsocket_forget(made);/\t(void)made;/
