#!/bin/sh
# SPDX-License-Identifier: MIT
# The tests of the command and of the recipes; test_apparmor.sh needs a kernel with AppArmor.
exec /usr/bin/python3 "${0%/*}/suite.py" cli
