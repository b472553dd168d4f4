# SPDX-License-Identifier: Apache-2.0
"""Cycles of known shapes, each made so often; the collector's own count is the truth.

usage: cycles.py WAY[,WAY...] TIMES [saveall] [enabled]

Writes to $TRUTH_PATH what gc.callbacks have seen.
"""
import functools
import gc
import json
import os
import sys
import threading
import weakref

SUMS = {"collected": 0, "uncollectable": 0, "stops": [0, 0, 0]}
KEPT = []


def watch(phase, info):
    if phase == "stop":
        SUMS["collected"] += info["collected"]
        SUMS["uncollectable"] += info["uncollectable"]
        SUMS["stops"][info["generation"]] += 1


class Node:
    def __init__(self):
        self.next = None


class Tree:
    def __init__(self, parent):
        self.parent = parent
        self.children = []
        if parent is not None:
            parent.children.append(self)


class Slots:
    __slots__ = ("left", "right", "__weakref__")


class Deleted:
    def __del__(self):
        pass


class Stubborn:
    def __del__(self):
        KEPT.append(self)


class Cache:
    def __init__(self):
        self.cached = functools.lru_cache(None)(self.compute)

    def compute(self, x):
        return x


def two_nodes():
    first = Node()
    second = Node()
    first.next = second
    second.next = first


def weak():
    first = Node()
    second = Node()
    first.next = second
    second.next = weakref.ref(first)


def tree():
    root = Tree(None)
    for _ in range(3):
        Tree(root)


def slots():
    left = Slots()
    right = Slots()
    left.right = right
    right.left = left


def deleted():
    one = Deleted()
    one.me = one


def stubborn():
    one = Stubborn()
    one.me = one


def closure():
    def inner():
        return inner


def dictionary():
    one = {}
    one["me"] = one


def keyed():
    parent = {"name": "parent"}
    child = {"parent": parent}
    parent["child"] = child


def item():
    one = []
    one.append(one)


def pair():
    one = ([],)
    one[0].append(one)


def error():
    try:
        1 / 0
    except ZeroDivisionError as caught:
        kept = caught


def classes():
    class Local:
        def method(self):
            return Local


def cache():
    Cache().cached(1)


def generator():
    def loop():
        me = yield
        yield me
    it = loop()
    next(it)
    it.send(it)


def materialised():
    one = Node()
    one.__dict__
    one.next = one


def tasks():
    import asyncio

    async def child(other):
        other.append(asyncio.current_task())
        await asyncio.sleep(0)

    async def main():
        others = []
        await asyncio.gather(*(child(others) for _ in range(3)))
    asyncio.run(main())


def call(names, times):
    for name in names.split(","):
        for _ in range(times):
            globals()[name]()


def in_threads(times):
    """Collections from several threads; a callback in Python would let others in between."""
    gc.callbacks.remove(watch)

    def work():
        for _ in range(times):
            two_nodes()
            gc.collect()
    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    gc.callbacks.append(watch)


def in_child(times):
    gc.collect()
    child = os.fork()
    if child == 0:
        call("two_nodes", times)
        os._exit(0 if gc.collect() >= 2 * times else 1)
    assert os.waitpid(child, 0)[1] == 0


def main():
    name, times = sys.argv[1], int(sys.argv[2])
    extra = sys.argv[3:]
    gc.disable()
    gc.collect()
    gc.callbacks.append(watch)
    if "saveall" in extra:
        gc.set_debug(gc.DEBUG_SAVEALL)
    if "enabled" in extra:
        gc.enable()
    if name in ("in_threads", "in_child"):
        globals()[name](times)
    else:
        call(name, times)
    gc.disable()
    SUMS["last"] = gc.collect()
    gc.callbacks.remove(watch)
    with open(os.environ["TRUTH_PATH"], "w") as out:
        json.dump(SUMS, out)


main()
