#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tenure snapshot: the report of a process that runs, which goes on as if nothing had happened.

    snapshot.py TENURE TARGET
"""
import json
import os
import subprocess
import sys
import tempfile

import run


def call(*argv):
    return subprocess.run(argv, capture_output=True, check=False, timeout=60)


# On a busy machine a thread that allocates all the time may not be met elsewhere in a second.
ROUNDS = 10


class Running:
    """The target under tenure: says its number, then changes blocks until its input ends."""

    def __init__(self, tenure, target, directory, *options):
        self.report = os.path.join(directory, "end.json")
        self.process = subprocess.Popen(
            [*run.tenure_argv(tenure, self.report, [target, *options])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.process.stdout.readline().split()[-1].decode()

    def end(self):
        self.process.stdin.close()
        left = self.process.stdout.read()
        return self.process.wait(timeout=60), left

    def at_end(self):
        with open(self.report, encoding="utf-8") as f:
            return json.load(f)["processes"][0]


def check(tenure, target, *options):
    with tempfile.TemporaryDirectory(prefix="tenure-test-") as directory:
        running = Running(tenure, target, directory, *options)
        snapshot = os.path.join(directory, "snapshot.json")
        exact = 0
        for _ in range(ROUNDS):
            if exact == 3:
                break
            done = call(tenure, "snapshot", "-f", "-o", snapshot, running.pid)
            if done.returncode:
                yield f"status {done.returncode}: {done.stderr.decode()}"
                break
            with open(snapshot, encoding="utf-8") as f:
                process = json.load(f)["processes"][0]
            scan = process["leak_scan"]
            lost = scan["classes"]["lost"]
            if not scan["done"] or scan["moment"] != "snapshot":
                yield f"nobody has looked: {scan.get('why')}"
            if scan["partial"]:
                # A thread was not met outside of malloc, which is said, and makes nothing lost.
                if lost["blocks"] > 2:
                    yield f"what is not known is taken for lost: {lost}"
                continue
            exact += 1
            if (lost["blocks"], lost["bytes"]) != (2, 2468) or scan["classes"]["possible"]["blocks"]:
                yield f"found {scan['classes']} of {process['totals']['live_blocks']}, {scan}"
            if process["end"]["how"] != "running":
                yield f"it is said to have ended: {process['end']}"
        if not exact:
            yield f"not one of {ROUNDS} snapshots was whole"
        shown = call(tenure, "snapshot", running.pid)
        if shown.returncode or b"LEAKED" not in shown.stdout:
            yield f"shown is {shown.stdout.decode()}{shown.stderr.decode()}"
        status, left = running.end()
        if status != 0 or left != b"end\n":
            yield f"the program has ended with {status}, having said {left}"
        end = running.at_end()
        if "leak_scan" in end or end["totals"]["live_blocks"] < 2:
            yield "the report at the end has changed"
        gone = call(tenure, "snapshot", running.pid)
        if gone.returncode != 1 or not gone.stderr:
            yield f"of a process that has ended: {gone.returncode}"


def main(tenure, target):
    failed = 0
    for options in ((), ("4",)):
        for problem in check(tenure, target, *options):
            print(*options, problem)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
