# SPDX-License-Identifier: MIT
# Manual pages.
dist_man_MANS += man/replyfrom.1 man/libreplyfrom.7
if WITH_BPF
dist_man_MANS += man/replyfrom-bpf.8
else
EXTRA_DIST += man/replyfrom-bpf.8
endif
