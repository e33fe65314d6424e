#!/bin/sh
# SPDX-License-Identifier: MIT
# The recipe for AppArmor and that for confined units, on a kernel that has AppArmor.
exec /usr/bin/python3 "${0%/*}/suite.py" apparmor
