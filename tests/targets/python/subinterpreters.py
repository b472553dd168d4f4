# SPDX-License-Identifier: Apache-2.0
"""Interpreters beside the first one: in turn, and in threads at once."""
import sys
import threading

try:
    import _xxsubinterpreters as interpreters
except ImportError:
    import _interpreters as interpreters

CODE = """
import gc
total = [0]
def callback(phase, info):
    if phase == "stop":
        total[0] += info["collected"]
gc.callbacks.append(callback)
class Node:
    pass
for i in range(3000):
    node = Node()
    node.self = node
gc.collect()
"""


def run():
    interpreter = interpreters.create()
    (getattr(interpreters, "run_string", None) or interpreters.exec)(interpreter, CODE)
    interpreters.destroy(interpreter)


for _ in range(3):
    run()
# Before 3.12 subinterpreters in several threads at once are not safe by themselves.
if sys.version_info >= (3, 12):
    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print("done")
