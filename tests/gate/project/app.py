#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A program to judge: takes orders, some of its work done by an extension.

    app.py [leak|cycle|kill|collect] [turns=N] [keep=BYTES] [threads=N]
"""
import gc
import os
import signal
import sys
import threading

import orders
import tenure

PEAK = 24 << 20


def options(words):
    values = {"turns": 20, "keep": 0, "threads": 1}
    modes = set()
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            values[name] = int(value)
        else:
            modes.add(name)
    return values, modes


def work(values, modes):
    for turn in range(values["turns"]):
        tenure.mark("turn")
        orders.serve(turn, modes)
        if "collect" in modes:
            gc.collect()
        if "kill" in modes and turn == values["turns"] // 2:
            os.kill(os.getpid(), signal.SIGKILL)


def main():
    values, modes = options(sys.argv[1:])
    ballast = bytearray(PEAK + values["keep"])
    others = [threading.Thread(target=orders.burst, args=(200,))
              for _ in range(values["threads"] - 1)]
    for thread in others:
        thread.start()
    work(values, modes)
    for thread in others:
        thread.join()
    return 0 if len(ballast) >= PEAK else 1


if __name__ == "__main__":
    sys.exit(main())
