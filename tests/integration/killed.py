#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kills a program at a random moment: every block it announced before is in the report.

The target writes each block to a pipe of its own after it got it; what the pipe holds when the
program is dead is the least that the report must say.  Each thread has at most one block more.

    killed.py --tenure BUILD/tenure [--rounds N] [--seed N] TARGET
    killed.py --tenure BUILD/tenure --oom TARGET

With --oom the kernel does it, for want of memory in a control group.
"""
import argparse
import atexit
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

import run
from report import Report

RECORD = struct.Struct("=IIQ")
SKIP = 77
OOM_BYTES = 48 << 20


class Announcements:
    """Reads the pipe to its end, so that the target never waits for long."""

    def __init__(self, fd):
        self.file = os.fdopen(fd, "rb")
        self.pid = RECORD.unpack(self.file.read(RECORD.size))[0]
        self.count = 0
        self.bytes = 0
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while len(raw := self.file.read(RECORD.size)) == RECORD.size:
            self.count += 1
            self.bytes += RECORD.unpack(raw)[2]

    def finish(self):
        self.thread.join()
        self.file.close()


class MemoryGroup:
    """A control group with little memory, of version 1 or 2."""

    def __init__(self):
        name = f"tenure-test-{os.getpid()}"
        if os.path.isdir("/sys/fs/cgroup/memory"):
            self.path, limit = f"/sys/fs/cgroup/memory/{name}", "memory.limit_in_bytes"
        else:
            self.path, limit = f"/sys/fs/cgroup/{name}", "memory.max"
        os.mkdir(self.path)
        try:
            self.write(limit, OOM_BYTES)
        except OSError:
            self.remove()
            raise

    def write(self, name, value):
        with open(os.path.join(self.path, name), "w", encoding="ascii") as f:
            f.write(str(value))

    def remove(self):
        os.rmdir(self.path)


def one_round(args, directory, dice, group=None):
    threads = dice.choice((1, 1, 2, 4, 8))
    delay = dice.uniform(0, 0.15)
    report_path = os.path.join(directory, "report.json")
    if os.path.exists(report_path):
        os.unlink(report_path)

    read_end, write_end = os.pipe()
    argv = run.tenure_argv(args.tenure, report_path, [args.target, str(write_end), str(threads)])
    child = subprocess.Popen(argv, pass_fds=[write_end])
    os.close(write_end)
    announced = Announcements(read_end)
    if group:
        group.write("cgroup.procs", announced.pid)
    else:
        time.sleep(delay)  # the random moment itself, not a wait for anything
        os.kill(announced.pid, signal.SIGKILL)
    status = child.wait(timeout=run.TIMEOUT)
    announced.finish()

    what = f"{threads} threads, {delay * 1000:.1f} ms, {announced.count} announced"
    if status != 128 + signal.SIGKILL:
        return [f"{what}: tenure run ended with {status}"]

    processes = Report(report_path).images(announced.pid)
    if len(processes) != 1:
        return [f"{what}: {len(processes)} processes in the report"]
    process = processes[0]
    said = process.site_sum("block", "allocations")
    live = process.site_sum("block", "live_blocks")
    live_bytes = process.site_sum("block", "live_bytes")
    problems = []
    if not announced.count <= said <= announced.count + threads:
        problems.append(f"{what}: the report says {said}")
    if live != said:
        problems.append(f"{what}: {said} allocations, but {live} live blocks")
    if not announced.bytes <= live_bytes <= announced.bytes + 2000 * threads:
        problems.append(f"{what}: {announced.bytes} bytes announced, {live_bytes} reported")
    # At most one block of each thread is alive that was on its way to free().
    noise = process.site_sum("noise", "live_blocks")
    if noise > threads:
        problems.append(f"{what}: {noise} passing blocks are live")
    if process.end != {"how": "signal", "signal": int(signal.SIGKILL)}:
        problems.append(f"{what}: ended by {process.end}")
    if not process.trust["complete"]:
        problems.append(f"{what}: not complete: {process.trust}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tenure", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--oom", action="store_true")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("target")
    args = parser.parse_args()

    group = None
    if args.oom:
        try:
            group = MemoryGroup()
        except OSError as error:
            print(f"no control group for memory: {error}")
            return SKIP
        atexit.register(group.remove)
        args.rounds = 1

    print(f"seed {args.seed}")
    dice = random.Random(args.seed)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="tenure-test-") as directory:
        for number in range(args.rounds):
            problems = one_round(args, directory, dice, group)
            failed += bool(problems)
            for problem in problems:
                print(f"round {number}: {problem}")
    print(f"{args.rounds - failed} of {args.rounds} rounds are right")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
