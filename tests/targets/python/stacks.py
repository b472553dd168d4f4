# SPDX-License-Identifier: Apache-2.0
"""Allocates at many kinds of places, and says on which stack as traceback has it."""
import asyncio
import contextlib
import ctypes
import functools
import sys
import threading
import traceback

import truth

SIZE = 100000
told = {}
lock = threading.Lock()
number = 0


def probe(_=None):
    global number
    with lock:
        number += 1
        size = SIZE + number
    # One line: both must be on it.
    stack = traceback.extract_stack(); bytes(size)  # noqa: E702
    key = "\n".join("%s:%d:%s" % (f.filename, f.lineno, f.name) for f in stack)
    with lock:
        told[key] = told.get(key, 0) + size


def recurse(depth):
    if depth == 0:
        probe()
    else:
        recurse(depth - 1)


def generator():
    probe()
    yield 1
    probe()
    yield from inner_generator()


def inner_generator():
    probe()
    yield 2
    probe()


class Thing:
    def __init__(self, depth=0):
        probe()
        if depth:
            self.inner = Thing(depth - 1)

    def __call__(self):
        probe()

    @property
    def attribute(self):
        probe()
        return 1

    @staticmethod
    def static():
        probe()

    @classmethod
    def klass(cls):
        probe()

    def __del__(self):
        probe()

    def __lt__(self, other):
        probe()
        return False

    def __getattr__(self, name):
        probe()
        raise AttributeError(name)

    def __enter__(self):
        probe()
        return self

    def __exit__(self, *_):
        probe()

    def __hash__(self):
        probe()
        return 1

    def __eq__(self, other):
        probe()
        return True

    def __iter__(self):
        probe()
        return iter([1])


class Meta(type):
    def __new__(mcs, *args):
        probe()
        return super().__new__(mcs, *args)

    def __call__(cls, *args):
        probe()
        return super().__call__(*args)


def decorate(function):
    @functools.wraps(function)
    def wrapper(*args):
        probe()
        return function(*args)
    return wrapper


@decorate
def decorated():
    probe()


async def coroutine(depth):
    probe()
    await asyncio.sleep(0)
    probe()
    if depth:
        await coroutine(depth - 1)
    async with context():
        probe()


@contextlib.asynccontextmanager
async def context():
    probe()
    yield
    probe()


async def asynchronous_generator():
    for i in range(3):
        probe()
        yield i


async def main():
    await asyncio.gather(coroutine(2), coroutine(1))
    async for _ in asynchronous_generator():
        probe()
    [probe() async for _ in asynchronous_generator()]
    await asyncio.get_running_loop().run_in_executor(None, probe)


def closures():
    value = 1

    def inner():
        nonlocal value
        value += 1
        probe()

    class Local:
        probe()

        def method(self):
            probe()
            inner()

    Local().method()


def from_c():
    list(map(lambda x: probe(), [1, 2]))
    sorted([Thing(), Thing()])
    functools.reduce(lambda a, b: probe(), [1, 2, 3])
    callback = ctypes.CFUNCTYPE(None)(probe)
    callback()
    qsort = ctypes.CDLL(None).qsort
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    array = (ctypes.c_int * 2)(2, 1)
    qsort(array, 2, 4, compare(lambda a, b: probe() or 0))
    "".join(str(probe()) for _ in range(2))
    {Thing(): 1}[Thing()]
    list(Thing())


def exceptions():
    try:
        try:
            probe()
            1 / 0
        finally:
            probe()
    except ZeroDivisionError:
        probe()
    else:
        raise AssertionError
    with contextlib.suppress(AttributeError):
        Thing().missing


def comprehensions():
    [probe() for _ in range(2)]
    {i: probe() for i in range(2)}
    {probe() for _ in range(2)}
    sum((probe() or 0) for _ in range(3))


def lines():
    probe(); probe()  # noqa: E702
    (probe(),
     probe(),
     probe(
     ))
    if (probe() or
            probe()):
        pass
    for _ in (1, 2): probe()  # noqa: E701
    while probe():
        pass
    assert not probe()
    return (lambda:
            probe())()


def dynamic():
    exec("probe()\n\nprobe()")
    eval("probe()")
    for i in range(3):  # code objects that come and go, at one address often
        exec(compile("def f():\n" + "\n" * i + "  probe()\nf()", "made%d.py" % i, "exec"))
    type("Made", (), {"__init__": lambda self: probe()})()
    exec(compile("def großartig():\n  probe()\ngroßartig()", "schön.py", "exec"))


def everything(deep):
    probe()
    recurse(0)
    recurse(5)
    recurse(100)
    recurse(deep)
    for _ in generator():
        probe()
    Thing(3)()
    Thing().attribute
    Thing.static()
    Thing.klass()
    with Thing():
        probe()
    Meta("Made", (), {})()
    decorated()
    closures()
    from_c()
    exceptions()
    comprehensions()
    lines()
    dynamic()
    asyncio.run(main())


def native_thread():
    probe()
    recurse(3)
    from_c()


for repeat in range(3):
    everything(900 if repeat == 0 else 30)
threads = [threading.Thread(target=native_thread) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
probe()
truth.tell({"stacks": told, "count": number, "size": SIZE, "overhead": sys.getsizeof(b"")})
