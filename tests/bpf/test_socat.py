# SPDX-License-Identifier: MIT
"""The stock socat under the BPF engine: children, connected sockets."""
import runpy

import engine

engine.require()
runpy.run_path(f'{engine.TESTS}/net/test_socat.py', run_name='__main__')
