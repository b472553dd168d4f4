# SPDX-License-Identifier: Apache-2.0
"""Allocates at the bottom of deep recursions, and says how deep and from which line each time."""
import sys
import threading

import truth

DEPTH = 3000  # more than the shim compares at each event
SIZE = 100000
told = []


class Linked:
    def __init__(self, next):
        self.next = next


def probe(name, line):
    told.append((SIZE + len(told), name, line))
    bytes(SIZE + len(told) - 1)


# Recursions that allocate nothing on their way.
def deeper(node, name):
    if node is None:
        probe(name, 0)
        probe(name, 1)
        return
    deeper(node.next, name)
    if node.next is None:
        probe(name, 2)


def first(chain):
    deeper(chain, "first")


def second(chain):
    deeper(chain, "second")


def twice(chain):
    for _ in (1, 2):
        deeper(chain, "twice")


def work():
    chain = None
    for _ in range(DEPTH):
        chain = Linked(chain)
    first(chain)
    twice(chain)
    second(chain)
    while chain:
        following = chain.next
        chain.next = None
        chain = following


sys.setrecursionlimit(20000)
threading.stack_size(64 << 20)
thread = threading.Thread(target=work)
thread.start()
thread.join()
truth.tell({"probes": told, "depth": DEPTH, "overhead": sys.getsizeof(b"")})
