# SPDX-License-Identifier: Apache-2.0
"""Ends while a daemon thread is in C code.  usage: left-behind.py LIBRARY"""
import ctypes
import sys
import threading

library = ctypes.CDLL(sys.argv[1])


def work(depth):
    return work(depth - 1) if depth else library.work()


class Last:
    """What is in sys goes last: other threads' states are no more."""

    def __del__(self, end=library.end):
        end()


threading.Thread(target=work, args=(10,), daemon=True).start()
library["await"]()
sys.last_of_all = Last()
print("end", flush=True)
