# SPDX-License-Identifier: Apache-2.0
"""Collects in all generations, by itself and when asked, and keeps count."""
import gc
import sys
import threading

import truth

seen = []


def callback(phase, info):
    if phase == "stop":
        seen.append((info["generation"], info["collected"], info["uncollectable"]))


class Node:
    pass


class Finalized(Node):
    def __del__(self):
        pass


class Returning(Node):
    def __del__(self):
        saved.append(self)


saved = []
kept = []


def pairs(kind, count):
    for _ in range(count):
        a, b = kind(), kind()
        a.other, b.other = b, a


def work():
    pairs(Node, 5000)
    pairs(Finalized, 1000)
    kept.extend([i] for i in range(20000))
    gc.collect()
    for _ in range(20):
        gc.collect(0)
        gc.collect(1)


gc.callbacks.append(callback)
work()
gc.callbacks.clear()  # ours as well
gc.callbacks.append(callback)
for _ in range(10):
    kept.append([])
if sys.version_info >= (3, 9) or len(sys.argv) == 1:
    pairs(Returning, 100)
    work()
threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
gc.disable()
truth.tell({"collections": seen})
