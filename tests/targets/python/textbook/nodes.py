# SPDX-License-Identifier: Apache-2.0
"""Two nodes that point to each other."""
import gc


class Node:
    def __init__(self, payload):
        self.payload = payload
        self.next = None


def link():
    first = Node(bytes(1000000))
    second = Node(bytes(2000000))
    first.next = second
    second.next = first


link()
gc.collect()
