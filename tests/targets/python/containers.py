# SPDX-License-Identifier: Apache-2.0
"""Containers of all kinds, and how big each is."""
import collections
import gc
import json
import os
import sys


class Bag(set):
    pass


class Row(list):
    __slots__ = ()


def make():
    made = {
        "list": list(range(11000)),
        "dict": {i: None for i in range(12000)},  # untracked: the collector does not know it
        "set": set(range(13000)),
        "frozenset": frozenset(range(3000)),
        "tuple": tuple(range(14000)),
        "collections.deque": collections.deque(range(15000)),
        "collections.OrderedDict": collections.OrderedDict((i, i) for i in range(4000)),
        "__main__.Bag": Bag(range(5000)),
        "__main__.Row": Row(range(6000)),
    }
    for i in range(2000):  # grows, as lists do
        made["list"].append(i)
    return made


kept = make()
gc.collect()
with open(os.environ["TRUTH_PATH"], "w", encoding="ascii") as truth:
    json.dump({name: [len(made), sys.getsizeof(made)] for name, made in kept.items()}, truth)
if len(sys.argv) > 1:
    os._exit(0)
