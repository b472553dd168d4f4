# SPDX-License-Identifier: Apache-2.0
"""Fills pymalloc's arenas, leaves holes in them, and lets the interpreter say what it has.

It says so only while nobody has wrapped pymalloc; so at the end it is unwrapped.
"""
import ctypes
import gc
import json
import os
import sys

kept = [bytes(size % 400) for size in range(60000)]
high = [object() for _ in range(30000)]
del kept[::2]
del high[:15000]
gc.collect()
with open(os.environ["TRUTH_PATH"], "w", encoding="ascii") as truth:
    json.dump({"left": len(kept)}, truth)
leave, stats = os._exit, sys._debugmallocstats
unwrap = getattr(ctypes.pythonapi, "_PyMem_SetDefaultAllocator", None)
if unwrap:
    unwrap(ctypes.c_int(2), ctypes.c_void_p())
stats()  # to standard error
leave(0)
