# SPDX-License-Identifier: MIT
# In: shim/scratch.c
# A cancelled thread's memory is lost.
s/return __atomic_load_n(&area->process, __ATOMIC_RELAXED) == process/& \&\& owner < 0/
