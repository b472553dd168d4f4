#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a target says it leaks is what the report says: blocks and bytes of each class.

    leaks.py --tenure BUILD/tenure TARGET SHAPE...
"""
import argparse
import json
import os
import sys
import tempfile

import run

CLASSES = ("lost", "cycle", "lost_through", "possible", "reachable")


def check(tenure, target, shape, *more):
    with tempfile.TemporaryDirectory(prefix="tenure-test-") as directory:
        report = os.path.join(directory, "report.json")
        truth = os.path.join(directory, "truth")
        done = run.call(run.tenure_argv(tenure, report, [target, shape, *more], "--leaks"), fd3=truth)
        if done.status != 0:
            return [f"status {done.status}: {done.stderr.decode()}"]
        with open(truth, encoding="utf-8") as f:
            said = [json.loads(line) for line in f]
        with open(report, encoding="utf-8") as f:
            process = json.load(f)["processes"][0]

    expected = {name: [0, 0] for name in CLASSES}
    for line in said:
        expected[line["class"]] = [line["blocks"], line["bytes"]]
    scan = process.get("leak_scan", {})
    if not said or not scan.get("done"):
        return ["nobody has looked for leaks"]
    found = {name: [scan["classes"][name][k] for k in ("blocks", "bytes")] for name in CLASSES}
    return [] if found == expected else [f"said {expected}, found {found}"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tenure", required=True)
    parser.add_argument("target")
    parser.add_argument("shapes", nargs="+")
    args = parser.parse_args()
    failed = 0

    for shape in args.shapes:
        # As any program, and as one that does not let itself be looked into.
        for more in ((), ("hidden",)):
            for problem in check(args.tenure, args.target, shape, *more):
                print(" ".join((shape, *more)) + ":", problem)
                failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
