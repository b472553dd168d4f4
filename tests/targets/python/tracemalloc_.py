# SPDX-License-Identifier: Apache-2.0
"""What tracemalloc says of this file, as JSON: started by the environment, or here, once or
again and again.

usage: tracemalloc_.py env|once|often|deep
"""
import gc
import json
import sys
import tracemalloc


def make(count):
    return [bytes(1000 + i) for i in range(count)]


def told():
    """[count, bytes] of what the line in make() holds: of large blocks, which have no free list."""
    line = make.__code__.co_firstlineno + 1
    snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, __file__, line)])
    sizes = [trace.size for trace in snapshot.traces if trace.size >= 1000]
    return [len(sizes), sum(sizes)]


def started_by_the_environment():
    kept = make(200)
    return [told(), len(kept)]


def once():
    tracemalloc.start(5)
    kept = make(200)
    found = told()
    tracemalloc.stop()
    return [found, len(kept)]


def often():
    """Blocks made before it starts are freed after that, and the other way round."""
    found = []
    early = make(50)
    for turn in range(4):
        tracemalloc.start(1 + turn)
        kept = make(100 + turn)
        found.append(told())
        late = kept[:50]
        del kept
        gc.collect()
        found += [told(), tracemalloc.get_traced_memory()[0] > 50000]
        tracemalloc.stop()
        del late
        early.append(make(30))
    return found


def recurse(depth):
    return make(10) if depth == 0 else recurse(depth - 1)


def deep():
    tracemalloc.start(25)
    kept = recurse(40)
    frames = tracemalloc.get_object_traceback(kept[3])
    found = [told(), [frame.lineno for frame in frames]]
    tracemalloc.clear_traces()
    return found + [tracemalloc.get_traced_memory()[0] < 10000]


if __name__ == "__main__":
    modes = {"env": started_by_the_environment, "once": once, "often": often, "deep": deep}
    print(json.dumps(modes[sys.argv[1]]()))
