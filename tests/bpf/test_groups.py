# SPDX-License-Identifier: MIT
"""Broadcast and multicast under the BPF engine: nothing is attached."""
import runpy

import engine

engine.require()
runpy.run_path(f'{engine.TESTS}/net/test_groups.py', run_name='__main__')
