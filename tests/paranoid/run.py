#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a program under libtenure-paranoid.so and adds up what it found.

    run.py LIBRARY DRAIN [--keep DIR] [--min CAPTURES] [--allow NAME]... -- COMMAND...

Fails when the program fails, when a capture differed from the walk by the
unwind tables, when a Python stack differed from the chain of frames read
afresh, or when one differed from libunwind's in a way that --allow
does not name (lib_differ, lib_shorter, lib_longer, cut, guessed).
"""
import argparse
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

NAMES = ["captures", "frames", "differ", "generation", "cut", "guessed", "signals", "lib",
         "lib_differ", "lib_shorter", "lib_longer", "python", "python_differ", "samples"]
MUST_BE_ZERO = ["differ", "generation", "lib_differ", "lib_shorter", "lib_longer", "cut",
                "guessed", "python_differ"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("drain")
    parser.add_argument("--keep")
    parser.add_argument("--min", type=int, default=1)
    parser.add_argument("--min-python", type=int, default=0, help="stacks, at least")
    parser.add_argument("--status", type=int, default=0, help="expected of the program")
    parser.add_argument("--allow", action="append", default=[])
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(args.keep or scratch)
        out.mkdir(exist_ok=True, parents=True)
        os.chmod(out, 0o777)
        # Where the targets of tests/targets state their truth.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 3, inheritable=True)
        done = subprocess.run(
            [args.drain, args.library, str(out / "drained"), *args.command],
            env=dict(os.environ, TENURE_PARANOID=str(out)), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, pass_fds=[3], check=False)
        total = dict.fromkeys(NAMES, 0)
        for file in out.glob("*.counters"):
            data = file.read_bytes()
            if len(data) == 8 * len(NAMES):
                for name, value in zip(NAMES, struct.unpack(f"<{len(NAMES)}Q", data)):
                    total[name] += value
        text = "".join(f.read_text(errors="replace") for f in sorted(out.glob("*.txt")))

    print(" ".join(f"{name}={value}" for name, value in total.items()))
    wrong = [n for n in MUST_BE_ZERO if total[n] and n not in args.allow]
    if done.returncode != args.status:
        print(f"the program ended with {done.returncode}", file=sys.stderr)
        return 1
    if total["captures"] < args.min:
        print(f"only {total['captures']} captures", file=sys.stderr)
        return 1
    if total["python"] < args.min_python:
        print(f"only {total['python']} Python stacks", file=sys.stderr)
        return 1
    if wrong:
        print(f"not zero: {', '.join(wrong)}\n{text[:20000]}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
