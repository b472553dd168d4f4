# SPDX-License-Identifier: Apache-2.0
"""A cycle of objects that want to be told of their end."""
import gc


class Handle:
    closed = 0

    def __init__(self):
        self.buffer = bytes(500000)
        self.peer = None

    def __del__(self):
        Handle.closed += 1


def connect():
    left, right = Handle(), Handle()
    left.peer, right.peer = right, left


connect()
gc.collect()
assert Handle.closed == 2
