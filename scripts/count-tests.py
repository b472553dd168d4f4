#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts what meson's test log says, and decides whether the run was good.

usage: count-tests.py TESTLOG.JSON STATUS_OF_MESON

A run is bad when a test failed, when meson failed, or when nothing passed:
a run that tests nothing must not look like one that found nothing.
"""
import json
import re
import sys

PASSED = {"OK", "EXPECTEDFAIL"}
SKIPPED = {"SKIP"}


def skip_reasons(test):
    """What the skipped parts of a test say, from its TAP or its plain output."""
    text = test.get("stdout", "")
    reasons = re.findall(r"#\s*SKIP\b[: ]*(.*)", text, re.IGNORECASE)
    if not reasons and test["result"] in SKIPPED:
        lines = [line for line in (text + test.get("stderr", "")).splitlines() if line.strip()]
        reasons = lines[-1:] or ["no reason given"]
    return reasons


def main():
    path, meson_status = sys.argv[1], int(sys.argv[2])
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    notes = []
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            tests = [json.loads(line) for line in log if line.strip()]
    except FileNotFoundError:
        tests = []

    for test in tests:
        result = test["result"]
        if result in PASSED:
            counts["passed"] += 1
        elif result in SKIPPED:
            counts["skipped"] += 1
        else:
            counts["failed"] += 1
            notes.append(f"failed: {test['name']} ({result.lower()})")
        for reason in dict.fromkeys(skip_reasons(test)):
            notes.append(f"skipped: {test['name']}: {reason}")

    print()
    for note in notes:
        print(note)
    if not tests:
        print("no test was run")
    if meson_status != 0 and counts["failed"] == 0:
        print(f"meson test failed with status {meson_status}")
    print("tenure: {passed} passed, {failed} failed, {skipped} skipped".format(**counts), flush=True)
    good = meson_status == 0 and counts["failed"] == 0 and counts["passed"] > 0
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
