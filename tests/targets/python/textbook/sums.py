# SPDX-License-Identifier: Apache-2.0
"""The sum of a million squares, from a list and from a generator."""


def from_list(count):
    return sum([number * number for number in range(count)])


def from_generator(count):
    return sum(number * number for number in range(count))


assert from_list(1000000) == from_generator(1000000)
