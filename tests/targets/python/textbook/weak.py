# SPDX-License-Identifier: Apache-2.0
"""Two nodes of which only one holds the other."""
import gc
import weakref


class Node:
    def __init__(self, payload):
        self.payload = payload
        self.next = None


def link():
    first = Node(bytes(1000000))
    second = Node(bytes(2000000))
    first.next = second
    second.next = weakref.ref(first)


link()
gc.collect()
