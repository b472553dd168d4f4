# SPDX-License-Identifier: Apache-2.0
"""Forks, and makes objects in the children."""
import gc
import os
import sys


class Child:
    pass


kept = []


def made_in_child(count):
    kept.extend(Child() for _ in range(count))


def made_in_parent(count):
    kept.extend(Child() for _ in range(count))


made_in_parent(100)
for count in (200, 300):
    pid = os.fork()
    if pid == 0:
        made_in_child(count)
        gc.collect()
        os._exit(0)
    if os.waitpid(pid, 0)[1] != 0:
        sys.exit(1)
made_in_parent(50)
os._exit(0)
