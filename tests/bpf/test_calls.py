# SPDX-License-Identifier: MIT
"""Each way to receive and to answer that the preload's tests know, under the BPF engine."""
import runpy

import engine

engine.require()
runpy.run_path(f'{engine.TESTS}/net/test_calls.py', run_name='__main__')
