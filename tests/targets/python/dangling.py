# SPDX-License-Identifier: Apache-2.0
"""Leaves words in a library's variables that look like objects and are none any more.

Threads make garbage that comes back and lets go of other objects while it is collected.
"""
import ctypes
import gc
import mmap
import os
import sys
import threading
import time

PAGE = mmap.PAGESIZE
WORD = ctypes.sizeof(ctypes.c_void_p)
HEAD = 2 * WORD  # reference count and type

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int,
                      ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


def pages(count):
    return libc.mmap(None, count * PAGE, mmap.PROT_READ | mmap.PROT_WRITE,
                     mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)


def put(at, *words):
    ctypes.memmove(at, (ctypes.c_size_t * len(words))(*words), len(words) * WORD)


def gone():
    """Where an object was, in a page that is gone."""
    at = pages(1)
    put(at, 1, id(list))
    libc.munmap(at, PAGE)
    return at


def cut(kind):
    """An object that goes on in a page that is not there."""
    at = pages(2)
    libc.munmap(at + PAGE, PAGE)
    put(at + PAGE - HEAD, 1, id(kind))
    return at + PAGE - HEAD


def of_class_gone():
    """An object of a class that is gone."""
    at = pages(1)
    kind = type("Gone", (), {"__slots__": ("a", "b")})
    put(at, 1, id(kind))
    del kind
    gc.collect()
    return at


def of_nothing(kind):
    """An object of a class in a page that is gone, or of none."""
    at = pages(1)
    put(at, 1, kind)
    return at


class Wide:
    __slots__ = tuple(f"slot{i}" for i in range(400))


class Node:
    """Comes back once, and lets go of others when it goes."""
    kept = []

    def __init__(self, held):
        self.held = held
        self.me = self

    def __del__(self):
        if self.held is not None:
            self.held, held = None, self.held
            held.clear()
            Node.kept.append(self)


def churn(stop):
    """Makes and drops cycles as long as the others end."""
    while not stop.is_set():
        held = [object() for _ in range(50)]
        Node({"held": held, "more": {}})


# Variables of the C library that nobody reads here.
NAMES = ("optarg", "argp_program_version", "argp_program_version_hook", "argp_program_bug_address",
         "error_print_progname", "obstack_alloc_failed_handler")
MAKERS = (gone, lambda: cut(list), lambda: cut(Wide), of_class_gone, lambda: of_nothing(gone()),
          lambda: of_nothing(id(list) + WORD))
for name, make in zip(NAMES, MAKERS):
    ctypes.c_void_p.in_dll(libc, name).value = make()

# One reference that nobody holds: or nobody would look for it there.
leaked = [object()]
ctypes.pythonapi.Py_IncRef(ctypes.py_object(leaked))
del leaked

stop = threading.Event()
threads = [threading.Thread(target=churn, args=(stop,)) for _ in range(3)]
for thread in threads:
    thread.start()
for _ in range(20):
    gc.collect()
stop.set()
for thread in threads:
    thread.join()
while len(os.listdir("/proc/self/task")) > 1:  # they are joined a little before they are gone
    time.sleep(0.001)
for _ in range(100):
    Node({"held": [Node({})]})
print("alive")
sys.exit(7)
