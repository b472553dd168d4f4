# SPDX-License-Identifier: Apache-2.0
"""Baskets that know their lines, and lines that may know their basket."""
import labels


class Line:
    def __init__(self, name, price):
        self.name = name
        self.price = price
        self.basket = None


class Basket:
    def __init__(self, customer):
        self.customer = customer
        self.lines = []

    def add(self, name, price, modes):
        line = Line(name, price)
        if "cycle" in modes:
            line.basket = self
        self.lines.append(line)

    def label(self, modes):
        if "leak" in modes:
            return labels.leaky_label(self.customer)
        return labels.label(self.customer)


def serve(turn, modes):
    basket = Basket(f"customer {turn}")
    for number in range(10):
        basket.add(f"thing {number}", 1000.5 + number, modes)
    return len(basket.label(modes))


def burst(times):
    for turn in range(times):
        serve(turn, ())
