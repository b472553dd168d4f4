# SPDX-License-Identifier: Apache-2.0
"""Holds things in ways that it knows, and writes down what each would give back.

    held.py TRUTH.json
"""
import array
import json
import sys
import weakref

PAYLOAD = 200000


class Kept(list):
    """Each class below has one object; without a dictionary, its size is known."""
    __slots__ = ()


class Buffers(Kept):
    """A list of buffers that nobody else has."""
    __slots__ = ()


class Left(Kept):
    """Shares its only item with Right."""
    __slots__ = ()


class Right(Kept):
    __slots__ = ()


class Owner(Kept):
    """Has what Weakly only has a weak reference to."""
    __slots__ = ()


class Target(Kept):
    __slots__ = ("__weakref__",)


class Weakly(Kept):
    __slots__ = ()


class Ring(Kept):
    """Two of them lead to each other, a variable to the first."""
    __slots__ = ()


class Deep(Kept):
    __slots__ = ()


class Attribute(Kept):
    __slots__ = ()


class Closed(Kept):
    __slots__ = ()


class Dropped(Kept):
    """Has what was in a list before that is shorter now."""
    __slots__ = ()


class App:
    def __init__(self):
        self.name = "app"
        self.cache = Attribute([bytes(PAYLOAD)])


def sizes(*objects):
    return sum(sys.getsizeof(thing) for thing in objects)


def closure():
    value = Closed([bytes(PAYLOAD)])
    return lambda: value


BUFFERS = Buffers(array.array("d", bytes(8000)) for _ in range(100))
SHARED = bytes(PAYLOAD)
LEFT, RIGHT = Left([SHARED]), Right([SHARED])
del SHARED
OWNER = Owner([Target([bytes(PAYLOAD)])])
WEAKLY = Weakly([weakref.ref(OWNER[0])])
RING = Ring([Ring([bytes(PAYLOAD)])])
RING[0].append(RING)
DEEP = {"it's": {7: (None, Deep([bytes(PAYLOAD)]))}}
APP = App()
FUNCTION = closure()
SHORT = [None, bytes(PAYLOAD), None]
DROPPED = Dropped([SHORT[1]])
SHORT.pop()
SHORT.pop()

WHERE = "module __main__.__dict__"
TRUTH = {
    "Buffers": [sizes(BUFFERS, *BUFFERS), f"{WHERE}['BUFFERS']"],
    "Left": [sizes(LEFT), f"{WHERE}['LEFT']"],
    "Right": [sizes(RIGHT), f"{WHERE}['RIGHT']"],
    "Owner": [sizes(OWNER, OWNER[0], OWNER[0][0]), f"{WHERE}['OWNER']"],
    "Target": [sizes(OWNER[0], OWNER[0][0]), f"{WHERE}['OWNER'][0]"],
    "Weakly": [sizes(WEAKLY, WEAKLY[0]), f"{WHERE}['WEAKLY']"],
    "Ring": [sizes(RING, RING[0], RING[0][0]), f"{WHERE}['RING']"],
    "Deep": [sizes(DEEP["it's"][7][1], DEEP["it's"][7][1][0]),
             f"{WHERE}['DEEP']['it\\'s'][7][1]"],
    "Attribute": [sizes(APP.cache, APP.cache[0]), f"{WHERE}['APP'].cache"],
    "Closed": [sizes(FUNCTION(), FUNCTION()[0]),
               f"{WHERE}['FUNCTION'].__closure__[0].cell_contents"],
    "Dropped": [sizes(DROPPED, DROPPED[0]), f"{WHERE}['DROPPED']"],
}
with open(sys.argv[1], "w", encoding="utf-8") as out:
    json.dump(TRUTH, out)
