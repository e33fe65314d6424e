# SPDX-License-Identifier: MIT
# In: shim/base/scratch.c
# Thread-local storage is too much for small stacks.
s/^static __thread struct area/static __thread __attribute__((used)) char large[32768];\
&/
