# SPDX-License-Identifier: Apache-2.0
"""Two nodes that point to each other."""
import gc


class Node:
    def __init__(self, payload):
        self.payload = payload
        self.next = None


def link():
    first = Node(bytes(100000))
    second = Node(bytes(200000))
    first.next = second
    second.next = first


link()
gc.collect()
