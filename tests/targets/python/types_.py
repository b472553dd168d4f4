# SPDX-License-Identifier: Apache-2.0
"""Makes objects of many types and counts those that are alive."""
import collections
import ctypes
import decimal
import enum
import gc
import sys
import threading

import truth


class Plain:
    pass


class Attributes:
    def __init__(self):
        self.a, self.b, self.c = 1, [], {}


class Slots:
    __slots__ = ("a", "b")


class WeakSlots:
    __slots__ = ("a", "__weakref__")


class Many(Plain):
    def __init__(self):
        for i in range(40):
            setattr(self, "a%d" % i, i)


class Meta(type):
    pass


class WithMeta(metaclass=Meta):
    pass


class Integer(int):
    pass


class Text(str):
    pass


class Pair(tuple):
    pass


class Mapping(dict):
    pass


class Sequence(list):
    pass


class Structure(ctypes.Structure):
    _fields_ = [("a", ctypes.c_int)]


class Failure(Exception):
    pass


Point = collections.namedtuple("Point", "x y")


class Outer:
    class Inner:
        pass


class Color(enum.Enum):
    RED = 1


makers = [
    Plain, Attributes, Slots, WeakSlots, Many, WithMeta, lambda: Integer(10**20),
    lambda: Text("text"), lambda: Pair((1, 2)), Mapping, Sequence, Structure, Failure,
    lambda: Point(1, 2), Outer.Inner, lambda: decimal.Decimal(1) / 3, lambda: type("Made", (), {}),
    lambda: [1, 2, 3], lambda: {1, 2}, lambda: {"a": [1]}, lambda: ([], 1), lambda: lambda: 1,
    lambda: collections.deque([1]), lambda: collections.OrderedDict(a=1), lambda: bytearray(10),
    lambda: memoryview(b"abc"), lambda: (i for i in ()), lambda: range(1000, 2000),
    lambda: slice(1, 2, []), lambda: Attributes().__init__, lambda: iter([1]),
]
kept = []


def work(count):
    for make in makers:
        kept.extend(make() for _ in range(count))
        for _ in range(count):
            make()


def churn():
    for i in range(2000):
        [Plain(), Slots(), Attributes(), "%d" % i, float(i)]


threads = [threading.Thread(target=work, args=(50,)) for _ in range(3 * ("threads" in sys.argv))]
for thread in threads:
    thread.start()
work(100)
for thread in threads:
    thread.join()
churn()
# Types that come and go at one address.
for i in range(200):
    made = type("Short%d" % (i % 3), (), {})
    instance = made()
    del made, instance
    if i % 50 == 0:
        gc.collect()
gc.collect()
gc.disable()


def name_of(kind):
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else module + "." + kind.__qualname__


# The objects that we kept, by type: each has exactly one block of its own.
counts = {}
for thing in kept:
    name = name_of(type(thing))
    counts[name] = counts.get(name, 0) + 1
# All objects of our own classes that the collector knows.
tracked = {}
for thing in gc.get_objects():
    kind = type(thing)
    if kind.__module__ == "__main__":
        tracked[name_of(kind)] = tracked.get(name_of(kind), 0) + 1
truth.tell({"kept": counts, "tracked": tracked, "version": sys.version_info[:2]})
