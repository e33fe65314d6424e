# SPDX-License-Identifier: MIT
# Manual pages.
dist_man_MANS += man/replyfrom.1 man/libreplyfrom.7
