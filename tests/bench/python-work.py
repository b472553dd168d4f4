#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: python-work.py NAME COUNT    one of the Python programs that are measured

Each prints what it has worked out, which must be the same under every tool.
"""

import gc
import json
import queue
import sys
import threading


class Counter:
    """Methods and small numbers: objects that the interpreter has already."""

    def __init__(self):
        self.value = 0

    def step(self, by):
        self.value = (self.value + by) % 199
        return self.value


def fib(n):
    return n if n < 2 else (fib(n - 1) + fib(n - 2)) % 199


def calls(count):
    """Calls of functions and methods, which allocate next to nothing."""
    counter, total = Counter(), 0
    for i in range(count):
        total = (total + fib(12) + counter.step(i % 7)) % 199
    return total


def churn(count):
    """Lines of a log taken to pieces: short-lived strings, tuples, lists, dictionaries."""
    lines = [f"2026-{i % 12 + 1:02}-{i % 28 + 1:02} host{i % 17} app[{i}]: GET /item/{i * 7} "
             f"{200 + i % 5} {i * 37 % 4099}ms" for i in range(200)]
    total = 0
    for turn in range(count):
        for line in lines:
            day, host, _, method, path, status, took = line.split()
            row = {"day": tuple(day.split("-")), "host": host.upper(), "path": path.strip("/"),
                   "status": int(status), "ms": float(took[:-2])}
            if row["status"] < 203 and row["path"].startswith("item"):
                total += int(row["ms"]) + len(row["day"]) + len(method) + turn % 3
    return total


def record(i):
    return {"id": i, "name": f"user {i}", "tags": [f"t{i % 7}", f"t{i % 11}", None],
            "at": {"x": i * 0.5, "y": -i, "path": ["a" * (i % 40), "b"]}, "ok": i % 3 == 0}


def json_(count):
    """Records to JSON and back."""
    total = 0
    for turn in range(count):
        text = json.dumps([record(turn * 1000 + i) for i in range(500)])
        total += sum(entry["at"]["y"] for entry in json.loads(text))
    return total


class Point:
    __slots__ = ("x", "y", "name")

    def __init__(self, x, y, name):
        self.x, self.y, self.name = x, y, name


def growth(count):
    """An index that only grows."""
    index, by_name = {}, {}
    for i in range(count):
        point = Point(i * 0.5, i * i, f"point {i}")
        index[i * 31] = point
        by_name.setdefault(point.name[-3:], []).append(point)
    return sum(len(points) for points in by_name.values()) + len(index)


class Node:
    def __init__(self, parent, value):
        self.parent, self.value, self.children = parent, value, []


def tree(parent, depth):
    node = Node(parent, depth)
    if depth:
        node.children = [tree(node, depth - 1), tree(node, depth - 1)]
    return node


def cycles(count):
    """Trees whose nodes know their parents: only the collector frees them."""
    total = 0
    for _ in range(count):
        root = tree(None, 8)
        total += root.children[0].children[1].parent.value
    return total + len(gc.garbage)


def big(count):
    """A few large blocks: copied, sorted, joined."""
    total = 0
    for turn in range(count):
        data = bytes(range(256)) * (1 << 14)
        numbers = list(data[turn:1 << 20])
        numbers.sort()
        text = data.translate(bytes(reversed(range(256)))) + bytearray(numbers)
        total += len(text.replace(b"\1", b"")) + sum(numbers) % 1009
    return total


def threads(count):
    """Four threads that hand work to one another."""
    todo, done = queue.SimpleQueue(), queue.SimpleQueue()

    def work():
        while True:
            text = todo.get()
            if text is None:
                return
            done.put(sum(len(word) for word in text.title().split()))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for i in range(count):
        todo.put(f"line {i} of the text that the threads take to words " * 8)
    for _ in workers:
        todo.put(None)
    for worker in workers:
        worker.join()
    return sum(done.get() for _ in range(count))


def main():
    work = {"calls": calls, "churn": churn, "json": json_, "growth": growth, "cycles": cycles,
            "big": big, "threads": threads}
    print(work[sys.argv[1]](int(sys.argv[2])))


if __name__ == "__main__":
    main()
