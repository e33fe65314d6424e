# SPDX-License-Identifier: MIT
# In: shim/hooks/descriptors.c
# What dup2() puts at a number is taken for what was there before.
/^int hook_dup2/,/^}/s/socket_forget(made);/(void)made;/
