#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the analyzer in the middle of a run: the program goes on, unharmed.

    analyzer-dies.py --tenure BUILD/tenure [--rounds N] [--seed N] STEADY
"""
import argparse
import ctypes
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import run

PR_SET_CHILD_SUBREAPER = 36
STATUS = 23


def adopt_orphans():
    """The program loses its parent; we want to be the next one, to see how it ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def wait_for_orphan():
    """Status of the last child that ends; grandchildren may be handed to us as well."""
    deadline = time.monotonic() + run.TIMEOUT
    last = None
    while time.monotonic() < deadline:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return last
        if pid:
            last = os.waitstatus_to_exitcode(status)
        else:
            time.sleep(0.005)
    return "it hangs"


def one_round(args, directory, dice):
    mode = dice.choice(("default", "handler", "blocked"))
    delay = dice.uniform(0, 0.1)
    what = f"{mode}, {delay * 1000:.1f} ms"
    argv = run.tenure_argv(
        args.tenure, os.path.join(directory, "report.json"), [args.target, mode], "--force")
    with tempfile.TemporaryFile() as err:
        child = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err,
            restore_signals=True)
        if child.stdout.read(1) != b"r":
            err.seek(0)
            return [f"{what}: does not start: {err.read().decode()}"]
        time.sleep(delay)  # the random moment itself
        child.kill()
        child.wait()
        child.stdin.close()
        status = wait_for_orphan()
        err.seek(0)
        stderr = err.read()
        child.stdout.close()

    problems = []
    if status != STATUS:
        problems.append(f"{what}: the program ended with {status}, not {STATUS}")
    if stderr:
        problems.append(f"{what}: {stderr.decode()}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tenure", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("target")
    args = parser.parse_args()

    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    adopt_orphans()
    print(f"seed {args.seed}")
    dice = random.Random(args.seed)
    problems = []
    with tempfile.TemporaryDirectory(prefix="tenure-test-") as directory:
        for number in range(args.rounds):
            problems += [f"round {number}: {p}" for p in one_round(args, directory, dice)]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
