# SPDX-License-Identifier: Apache-2.0
"""Greenlets: stacks that are copied away and back over one and the same place."""

import greenlet


def work(depth, rounds):
    kept = []
    for turn in range(rounds):
        kept.append([str(depth + i) for i in range(turn % 7)])
        if depth and turn % 3 == 0:
            kept.append(sorted(range(5), key=lambda i: len(work(depth - 1, 2)) - i))
        greenlet.getcurrent().parent.switch(len(kept))
    return kept


def main():
    crowd = [greenlet.greenlet(work) for _ in range(12)]
    switches = 0
    for i, each in enumerate(crowd):
        each.switch(i % 4, 12 + i)
    while any(not each.dead for each in crowd):
        for each in crowd:
            if not each.dead:
                each.switch()
                switches += 1
    print("switches", switches)


main()
