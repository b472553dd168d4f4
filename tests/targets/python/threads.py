# SPDX-License-Identifier: Apache-2.0
"""Threads that allocate at the same time, each in functions of its own, and code
that comes and goes meanwhile.  What is kept stays to the end."""
import gc
import sys
import threading

import truth

SIZE = 5000
THREADS = 4
ROUNDS = 300
kept = [[] for _ in range(THREADS)]
start = threading.Barrier(THREADS)

TEMPLATE = """
def work_{n}(rounds, kept, make):
    start.wait()
    for i in range(rounds):
        kept.append(inner_{n}(i))
        make({n}, i)

def inner_{n}(i):
    pair = [{{}}, {{}}]
    pair[0]["other"], pair[1]["other"] = pair[1], pair[0]
    return bytes({size} + i)
"""


def make(n, i):
    """Code that is run once and dropped."""
    names = {}
    exec(compile(f"def f_{n}_{i}():\n    return [bytes(100), {i}]\n", f"made-{n}", "exec"), names)
    names[f"f_{n}_{i}"]()
    if i % 100 == 0:
        gc.collect()


space = {"start": start}
for n in range(THREADS):
    exec(compile(TEMPLATE.format(n=n, size=SIZE), f"worker-{n}", "exec"), space)
threads = [threading.Thread(target=space[f"work_{n}"], args=(ROUNDS, kept[n], make))
           for n in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()

truth.tell({f"worker-{n}:11:inner_{n}": sum(map(sys.getsizeof, kept[n])) for n in range(THREADS)})
