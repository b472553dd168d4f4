#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""However a program ends: what it has lost is found, and it ends as it would have.

    leak-ends.py TENURE TARGET
"""
import concurrent.futures
import json
import os
import stat
import subprocess
import sys
import tempfile

import run

# Moment by way to end; None: nobody can look.
ENDS = {
    "return": "exit",
    "exit": "exit",
    "_exit": "_exit",
    "_Exit": "_exit",
    "quick_exit": "quick_exit",
    "abort": "signal",
    "segv": "signal",
    "term": "signal",
    "actions": "signal",
    "execv": "exec",
    "execlp": "exec",
    "execle": "exec",
    "failed-exec": "exit",
    "last-thread": "exit",
    "kill": None,
    "system-call": None,
}
# With a second thread (t), and not to be looked into (h): there it matters how threads are stopped.
THREADED = ("return", "_exit", "term", "execv", "failed-exec")
NOBODY = 65534


def is_reachable(path):
    """May others come as far as this file?"""
    while path != "/":
        if not os.stat(path).st_mode & stat.S_IXOTH:
            return False
        path = os.path.dirname(path)
    return True


class Place:
    """A directory that the user may write to, and how commands are run as that user."""

    def __init__(self, directory, user):
        self.directory = directory
        self.prefix = []
        if user is not None:
            os.chmod(directory, 0o777)
            self.prefix = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]

    def call(self, argv):
        return run.call(self.prefix + argv, cwd=self.directory)

    def path(self, name):
        return os.path.join(self.directory, name)


def check_scan(scan, moment, with_thread, unprivileged, hidden):
    if moment is None:
        return [] if scan.get("why") and not scan["done"] else ["nobody says why nobody has looked"]
    if not scan.get("done") or scan["moment"] != moment:
        return [f"looked at {scan.get('moment')}: {scan.get('why')}"]
    lost = scan["classes"]["lost"]
    if with_thread and scan.get("asleep_threads", 0) != (1 if unprivileged and hidden else 0):
        return [f"{scan.get('asleep_threads', 0)} threads were sent to sleep"]
    if (lost["blocks"], lost["bytes"]) != (1, 1234):
        return [f"found {scan['classes']}"]
    held = scan["classes"]["reachable"]
    if with_thread and (held["blocks"], held["bytes"]) != (1, 500):
        return [f"of the thread is {held}"]
    return []


def check(tenure, target, how, option, place, unprivileged):
    argv = [target, how, option]
    plain = place.call(argv)
    report, again, capture = (place.path(name) for name in ("a.json", "b.json", "a.tnr"))
    done = place.call([tenure, "run", "-q", "-f", "-o", report, "--record", capture, "--leaks",
                       "--"] + argv)
    if done.status != plain.status or done.stdout != plain.stdout:
        return [f"status {done.status}, by itself {plain.status}: {done.stderr.decode()}"]
    with open(report, encoding="utf-8") as f:
        text = f.read()
    scan = json.loads(text)["processes"][0].get("leak_scan", {})
    problems = check_scan(scan, ENDS[how], "t" in option, unprivileged, "h" in option)
    replayed = place.call([tenure, "report", "-q", "-f", "-o", again, capture])
    with open(again, encoding="utf-8") as f:
        if replayed.status or f.read() != text:
            problems.append("the replay of the capture says something else")
    return problems


def check_all(tenure, target, user):
    cases = [(how, option) for how in ENDS for option in ("",) if user is None]
    cases += [(how, option) for how in THREADED for option in ("t", "th")]

    def check_one(case):
        with tempfile.TemporaryDirectory(prefix="tenure-test-") as directory:
            place = Place(directory, user)
            problems = check(tenure, target, *case, place, os.geteuid() or user is not None)
            return [f"{' '.join(case)} as {user or 'myself'}: {problem}" for problem in problems]

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        problems = sum(pool.map(check_one, cases), [])
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def main(tenure, target):
    tenure, target = os.path.realpath(tenure), os.path.realpath(target)
    failed = check_all(tenure, target, None)
    if os.geteuid() != 0 or subprocess.call(["which", "setpriv"], stdout=subprocess.DEVNULL):
        print("as another user: skipped: only root can")
    elif not is_reachable(tenure) or not is_reachable(target):
        print("as another user: skipped: the build directory is closed to others")
    else:
        failed |= check_all(tenure, target, NOBODY)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
