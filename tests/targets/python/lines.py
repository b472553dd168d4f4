# SPDX-License-Identifier: Apache-2.0
"""Lines of which it is known what they allocate, and what becomes of it."""
import gc
import sys
import threading

import truth

COUNT = 300
BLOB = b"x"


class Node:
    __slots__ = ("next", "data")


def keep(kept):
    for i in range(COUNT):
        kept[i] = BLOB * 1000  # kept


def churn():
    for _ in range(COUNT):
        BLOB * 2000  # churned


def cycles():
    for _ in range(COUNT):
        node = Node()
        node.data = BLOB * 3000  # cyclic
        node.next = node


def other(kept):
    for i in range(COUNT):
        kept[i] = BLOB * 500  # thread


def line_of(mark):
    with open(__file__, encoding="utf-8") as source:
        return next(i for i, line in enumerate(source, 1) if line.endswith(f"# {mark}\n"))


def main():
    lines = {mark: line_of(mark) for mark in ("kept", "churned", "cyclic", "thread")}
    lists = [None] * COUNT, [None] * COUNT
    gc.disable()
    keep(lists[0])
    thread = threading.Thread(target=other, args=(lists[1],))
    thread.start()
    tid = thread.native_id
    thread.join()
    churn()
    cycles()
    gc.collect()
    empty = sys.getsizeof(b"")
    truth.tell({
        "file": __file__,
        "count": COUNT,
        "bytes": {"kept": empty + 1000, "churned": empty + 2000, "cyclic": empty + 3000,
                  "thread": empty + 500},
        "lines": lines,
        "tid": tid,
    })


main()
