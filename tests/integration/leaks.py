#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a target says it has left behind is what the report says: blocks and bytes of each class.

    leaks.py --tenure BUILD/tenure [--user NAME] [--rounds N] [--hidden]
             TARGET [SHAPE...]

Without shapes, all that the target has.  With --hidden, each once more from a process that
does not let itself be looked into.
"""
import argparse
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile

import run

CLASSES = ("lost", "cycle", "lost_through", "possible", "reachable")

# A child of a process that hides from others, and is not root's, cannot open its own memory.
UNREADABLE = "lets nobody read its memory"


def load_truth(path):
    """By process: what it says, and the classes of which that is not all."""
    said = {}
    with open(path, encoding="utf-8") as f:
        for line in map(json.loads, f):
            counts, least = said.setdefault(
                line["pid"], ({name: [0, 0] for name in CLASSES}, set()))
            name = line.get("seen_as", line["class"])
            counts[name][0] += line["blocks"]
            counts[name][1] += line["bytes"]
            if line.get("at_least"):
                least.add(name)
    return said


def compare(said, process, hidden):
    counts, least = said
    scan = process.get("leak_scan", {})
    if hidden and process["forked"] and not scan.get("done") and UNREADABLE in scan.get("why", ""):
        return []
    if not scan.get("done"):
        return ["nobody has looked for leaks: " + scan.get("why", "no reason is given")]
    problems = []
    for name in CLASSES:
        found = [scan["classes"][name][k] for k in ("blocks", "bytes")]
        if name in least:
            right = found[0] >= counts[name][0] and found[1] >= counts[name][1]
        else:
            right = found == counts[name]
        if not right:
            problems.append(f"{name}: said {counts[name]}, found {found}")
    return problems


def check(args, directory, shape, *more):
    report = os.path.join(directory, "report.json")
    truth = os.path.join(directory, "truth")
    for path in (report, truth):
        if os.path.exists(path):
            os.unlink(path)
    argv = run.tenure_argv(args.tenure, report, [args.target, shape, *more], "--leaks")
    done = run.call(argv, fd3=truth)
    if done.status != 0:
        return [f"status {done.status}: {done.stderr.decode()}"]
    said = load_truth(truth)
    if not said:
        return ["the target said nothing"]
    with open(report, encoding="utf-8") as f:
        processes = json.load(f)["processes"]

    problems = []
    for pid, what in said.items():
        images = [process for process in processes if process["pid"] == pid]
        if not images:
            problems.append(f"process {pid} is not in the report")
        else:
            problems += compare(what, images[-1], bool(more))
    return problems


def become(args, directory):
    """Go on as another user, with copies of what that one may not reach."""
    user = pwd.getpwnam(args.user)
    os.chmod(directory, 0o755)
    build = os.path.dirname(os.path.abspath(args.tenure))
    os.makedirs(os.path.join(directory, "preload"))
    for path in ("tenure", "preload/libtenure.so"):
        shutil.copy(os.path.join(build, path), os.path.join(directory, path))
    for name in os.listdir(os.path.dirname(args.target)):
        path = os.path.join(os.path.dirname(args.target), name)
        if name == os.path.basename(args.target) or name.endswith(".so"):
            shutil.copy(path, directory)
    args.tenure = os.path.join(directory, "tenure")
    args.target = os.path.join(directory, os.path.basename(args.target))
    work = os.path.join(directory, "work")
    os.mkdir(work)
    os.chown(work, user.pw_uid, user.pw_gid)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.environ["HOME"] = work
    return work


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tenure", required=True)
    parser.add_argument("--user")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--hidden", action="store_true")
    parser.add_argument("target")
    parser.add_argument("shapes", nargs="*")
    args = parser.parse_args()

    if args.user and os.getuid() != 0:
        print(f"only root can become {args.user}")
        return 77
    with tempfile.TemporaryDirectory(prefix="tenure-test-") as directory:
        child = os.fork()
        if child == 0:
            work = become(args, directory) if args.user else directory
            os._exit(check_all(args, work))
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def check_all(args, directory):
    shapes = args.shapes or subprocess.run(
        [args.target, "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    ways = ((), ("hidden",)) if args.hidden else ((),)
    count = failed = 0

    for number in range(args.rounds):
        for shape in shapes:
            for more in ways:
                problems = check(args, directory, shape, *more)
                count += 1
                failed += bool(problems)
                for problem in problems:
                    print(f"round {number + 1}:", " ".join((shape, *more)) + ":", problem)
    print(f"{count - failed} of {count} are exact")
    sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
