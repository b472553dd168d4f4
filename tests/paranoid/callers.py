# SPDX-License-Identifier: Apache-2.0
"""One generator that is resumed by others in turn, each time without an allocation in between.

Its frame and theirs are where they were and what they were; who has called whom is not.
"""
import itertools


def makes_objects():
    while True:
        object()
        yield


def one(inner):
    while True:
        next(inner)
        yield


def two(inner):
    while True:
        next(inner)
        yield


def three(inner):
    while True:
        next(inner)
        yield


def deeper(inner, depth):
    if depth:
        deeper(inner, depth - 1)
    else:
        next(inner)


inner = makes_objects()
callers = itertools.cycle([one(inner), two(inner), three(inner)])
for turn in range(3000):
    next(next(callers))
for turn in range(3000):
    deeper(inner, turn % 12)
print("done")
