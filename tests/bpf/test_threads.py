# SPDX-License-Identifier: MIT
"""Threads that share sockets, under the BPF engine."""
import runpy

import engine

engine.require()
runpy.run_path(f'{engine.TESTS}/net/test_threads.py', run_name='__main__')
