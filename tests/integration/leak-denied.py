#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where the kernel does not let tenure look into a process: what it says is right, or that it could not.

    leak-denied.py TENURE ENDINGS CONFINED
"""
import concurrent.futures
import importlib
import json
import os
import subprocess
import sys
import tempfile

import run

ends = importlib.import_module("leak-ends")

NOBODY = ["setpriv", f"--reuid={ends.NOBODY}", f"--regid={ends.NOBODY}", "--clear-groups"]
WITHOUT = ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"]
MAPPED = ["unshare", "--user", "--map-root-user"]
# What the program does: a second thread (t), not to be looked into (h), another user (d),
# a filter of system calls that denies those for looking into others (s), or all but a few (w).
TARGETS = ("t", "th", "ts", "thd", "tw", "w")


def works(prefix):
    try:
        done = subprocess.run([*prefix, "true"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0


def judge(scan, option, denied):
    if not scan.get("done"):
        # Its own system calls are among those that the program has given up.
        return [] if "w" in option and scan.get("why") else [f"nobody has looked: {scan.get('why')}"]
    lost, held = ((scan["classes"][name]["blocks"], scan["classes"][name]["bytes"])
                  for name in ("lost", "reachable"))
    if scan["unstopped_threads"]:
        right = "w" in option and lost == (0, 0)
        return [] if right else [f"threads ran on: {scan}"]
    if lost != (1, 1234) or held != ((1, 500) if "t" in option else (0, 0)):
        return [f"found {scan['classes']}"]
    if denied and (scan["way"], scan.get("asleep_threads", 0)) != ("descriptor", "t" in option):
        return [f"it was done by {scan['way']}, {scan.get('asleep_threads')} threads asleep"]
    return []


def check(tenure, target, prefix, option, denied):
    with tempfile.TemporaryDirectory(prefix="tenure-test-") as directory:
        os.chmod(directory, 0o777)
        report = os.path.join(directory, "a.json")
        done = run.call([*prefix, tenure, "run", "-q", "-o", report, "--leaks", "--", target,
                         "return", option], cwd=directory)
        if done.status != 3:
            return [f"status {done.status}: {done.stderr.decode()}"]
        with open(report, encoding="utf-8") as f:
            return judge(json.load(f)["processes"][0].get("leak_scan", {}), option, denied)


def setups(confined, others):
    """By name: how to come there, and whether looking into others is denied there to all."""
    filtered = [confined]
    yield "as I am", [], False
    if works([confined, "true"]):
        yield "with a filter", filtered, True
    if os.geteuid() == 0 and works(WITHOUT):
        yield "without the capability", WITHOUT, False
    if works(MAPPED):
        yield "in a name space of users", MAPPED, False
    if os.geteuid() == 0 and works(NOBODY) and others:
        yield "as nobody", NOBODY, False
        yield "as nobody with a filter", NOBODY + filtered, True


def main(tenure, target, confined):
    tenure, target, confined = (os.path.realpath(path) for path in (tenure, target, confined))
    others = all(map(ends.is_reachable, (tenure, target, confined)))
    cases = [(name, prefix, option, denied)
             for name, prefix, denied in setups(confined, others) for option in TARGETS
             if "d" not in option or (os.geteuid() == 0 and "nobody" not in name
                                      and prefix != MAPPED)]

    def check_one(case):
        name, prefix, option, denied = case
        return [f"{name}, {option}: {problem}"
                for problem in check(tenure, target, prefix, option, denied)]

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        problems = sum(pool.map(check_one, cases), [])
    for problem in problems:
        print(problem)
    print(f"{len(cases)} cases")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
