#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How long a look for leaks takes, and what it needs: by blocks, and by what they are.

    leaks.py --tenure BUILD/tenure --many BUILD/tests/bench/many [--quick] [--rounds N]

Columns: how long the program stood still, how long the look took altogether, and CPU time beyond
that of a run without --leaks; of each the smallest of all rounds.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile

ROWS = [
    # blocks, bytes of each, what becomes of them, who points at whom
    (10_000, 1000, "held", "tree"),
    (10_000, 1000, "lost", "list"),
    (100_000, 1000, "held", "tree"),
    (1_000_000, 1000, "held", "tree"),
    (1_000_000, 1000, "lost", "tree"),
    (1_000_000, 80, "held", "tree"),
    (1_000_000, 80, "lost", "rings"),
    (1_000_000, 80, "held", "shuffled"),
    (10_000_000, 80, "held", "tree"),
    (10_000_000, 80, "lost", "tree"),
    (10_000_000, 80, "held", "chain"),
    (10_000_000, 80, "lost", "list"),
    (10_000_000, 80, "held", "rings"),
    (10_000_000, 80, "held", "array"),
    (10_000_000, 80, "held", "shuffled"),
]
CLASSES = {"held": ["reachable"], "lost": ["lost", "lost_through", "cycle"]}


def cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(tenure, many, row, options):
    """Its report, and the CPU seconds of everything that ran."""
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as directory:
        path = os.path.join(directory, "report.json")
        before = cpu()
        subprocess.run([tenure, "run", "-q", "-o", path, *options, "--", many, *map(str, row)],
                       check=True, stdin=subprocess.DEVNULL)
        spent = cpu() - before
        with open(path, encoding="utf-8") as f:
            return json.load(f)["processes"][0], spent


def measure(tenure, many, row, rounds):
    stopped, total, spent = [], [], []
    for _ in range(rounds):
        process, with_leaks = run(tenure, many, row, ["--leaks"])
        _, without = run(tenure, many, row, [])
        scan = process["leak_scan"]
        found = sum(scan["classes"][name]["blocks"] for name in CLASSES[row[2]])
        if not scan["done"] or abs(found - row[0]) > 1:
            raise SystemExit(f"{row}: found {found} blocks: {scan.get('why')}")
        stopped.append(scan["stopped_ns"] / 1e9)
        total.append(scan["total_ns"] / 1e9)
        spent.append(with_leaks - without)
    return min(stopped), min(total), min(spent)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tenure", required=True)
    parser.add_argument("--many", required=True)
    parser.add_argument("--quick", action="store_true", help="small ones, once: does it work?")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()

    rows = [row for row in ROWS if row[0] <= 10_000] if args.quick else ROWS
    print("| blocks | bytes each | | | stood still, s | altogether, s | CPU, s |")
    print("| ---: | ---: | --- | --- | ---: | ---: | ---: |")
    for row in rows:
        figures = measure(args.tenure, args.many, row, 1 if args.quick else args.rounds)
        print(f"| {row[0]:,} | {row[1]} | {row[2]} | {row[3]} | "
              + " | ".join(f"{figure:.2f}" for figure in figures) + " |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
