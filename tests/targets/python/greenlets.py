# SPDX-License-Identifier: Apache-2.0
"""Two greenlets that switch to each other from inside nested calls, and allocate in turns."""
import sys
import traceback

import truth

try:
    import greenlet
except ImportError:
    print("greenlet is not installed")
    sys.exit(77)

SIZE = 200000
told = {}


def probe():
    size = SIZE + len(told)
    stack = traceback.extract_stack(); bytes(size)  # noqa: E702
    told[size] = [f.name for f in stack]


def inner(other, depth):
    if depth:
        return inner(other, depth - 1)
    for _ in range(5):
        probe()
        other().switch()
    return None


def one():
    inner(lambda: second, 3)


def two():
    inner(lambda: first, 7)


first = greenlet.greenlet(one)
second = greenlet.greenlet(two)
first.switch()
probe()
truth.tell({"told": told, "overhead": sys.getsizeof(b"")})
