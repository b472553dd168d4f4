#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Programs that lose nothing are said to lose nothing, and with a planted leak just that.

    leak-programs.py TENURE PLANT.SO [pythons]

With "pythons" not those, but every interpreter there is.
"""
import collections
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import run

PLANTED_BLOCKS, PLANTED_SIZE = 10, 4321
PROGRAMS = {
    "git": ["git", "--version"],
    "git-log": ["git", "-C", os.path.dirname(os.path.abspath(__file__)), "log", "-3", "--oneline"],
    "sqlite3": ["sqlite3", ":memory:", "create table t(a); insert into t values(1); select * from t"],
    "bash": ["bash", "-c", "for i in 1 2 3; do x=$(echo $i); done; echo $x ${x//3/4}"],
    "awk": ["awk", "BEGIN { for (i = 0; i < 100; i++) a[i] = i; print length(a) }"],
    "xz": ["xz", "-k", "-c", os.path.abspath(__file__)],
    "nginx": ["nginx", "-v"],
    "python3": ["/usr/bin/python3", "-S", "-c", "pass"],
    "python3-json": ["/usr/bin/python3", "-c", "import json, re; json.loads('[1, 2, {}]')"],
}

AS_NOBODY = ("git", "sqlite3", "python3")


def look(report):
    with open(report, encoding="utf-8") as f:
        return json.load(f)["processes"][0]


def count_planted(process):
    """Blocks by class, of those that have the size of the planted ones."""
    found = collections.Counter()
    for leak in process["leaks"]:
        if leak["bytes"] == leak["blocks"] * PLANTED_SIZE:
            found[leak["class"]] += leak["blocks"]
    return found


def judge(process, planted):
    scan = process.get("leak_scan", {})
    if not scan.get("done") or scan["partial"]:
        return [f"looked through in part only: {scan}"]
    found = count_planted(process)
    # One of the planted blocks may be held by chance: by a number in the variables of a program
    # whose heap has small addresses, or by an old word in memory that was allocated anew.
    lost = max(found["lost"], PLANTED_BLOCKS - 1) if planted else 0
    classes = scan["classes"]
    expected = {"lost": (lost, lost * PLANTED_SIZE), "cycle": (0, 0), "lost_through": (0, 0)}
    said = {name: (classes[name]["blocks"], classes[name]["bytes"]) for name in expected}
    if said == expected and lost <= PLANTED_BLOCKS and sum(found.values()) <= PLANTED_BLOCKS:
        return []
    return [f"found {said}, of the planted blocks {dict(found)}"]


def check_program(tenure, argv, plant, prefix=()):
    """@prefix: as whom tenure is run."""
    with tempfile.TemporaryDirectory(prefix="tenure-test-") as directory:
        os.chmod(directory, 0o777)
        report = os.path.join(directory, "report.json")
        env = {"LD_PRELOAD": plant} if plant else {}
        plain = run.call(argv, env=env)
        done = run.call([*prefix, *run.tenure_argv(tenure, report, argv, "--leaks")], env=env)
        if (done.status, done.stdout) != (plain.status, plain.stdout):
            return [f"status {done.status}, by itself {plain.status}: {done.stderr.decode()}"]
        return judge(look(report), plant)


def check_redis(tenure, plant):
    """With threads that wait, and an allocator of its own."""
    with tempfile.TemporaryDirectory(prefix="tenure-test-") as directory:
        report, socket = (os.path.join(directory, name) for name in ("report.json", "socket"))
        server = ["redis-server", "--port", "0", "--unixsocket", socket, "--dir", directory,
                  "--save", ""]
        environ = {**os.environ, **({"LD_PRELOAD": plant} if plant else {})}
        environ.pop("LD_LIBRARY_PATH", None)
        with open(os.path.join(directory, "log"), "wb") as log:
            process = subprocess.Popen(run.tenure_argv(tenure, report, server, "--leaks"),
                                       env=environ, stdout=log, stderr=log)
        client = ["redis-cli", "-s", socket]
        while run.call([*client, "ping"]).stdout != b"PONG\n" and process.poll() is None:
            time.sleep(0.05)
        run.call([*client, "rpush", "list", *map(str, range(100))])
        run.call([*client, "shutdown", "nosave"])
        status = process.wait(timeout=60)
        return [f"redis ended with {status}"] if status else judge(look(report), plant)


def check_pythons(tenure, plant):
    """So that no list of what interpreters lose by themselves is needed."""
    failed = 0
    python = importlib.import_module("python")
    for path in python.interpreters():
        if python.version_of(path) is None or python.version_of(path)[:2] not in python.SUPPORTED:
            continue
        for words in (("-c", "pass"), ("-c", "import json, re, ssl, ctypes, decimal, sqlite3")):
            for planted in (None, plant):
                for problem in check_program(tenure, [path, *words], planted):
                    print(f"{path} {words}{' with a leak' if planted else ''}: {problem}")
                    failed = 1
    return failed


def main(tenure, plant, what="programs"):
    failed = 0
    plant = os.path.realpath(plant)
    if what == "pythons":
        return check_pythons(tenure, plant)
    for name, argv in PROGRAMS.items():
        if not shutil.which(argv[0]):
            print(f"{name}: skipped: not installed")
            continue
        for planted in (None, plant):
            for problem in check_program(tenure, argv, planted):
                print(f"{name}{' with a leak' if planted else ''}: {problem}")
                failed = 1
    ends = importlib.import_module("leak-ends")
    if os.geteuid() == 0 and shutil.which("setpriv") and ends.is_reachable(os.path.realpath(tenure)):
        nobody = ["setpriv", f"--reuid={ends.NOBODY}", f"--regid={ends.NOBODY}", "--clear-groups"]
        for name in AS_NOBODY:
            for problem in check_program(os.path.realpath(tenure), PROGRAMS[name], None, nobody):
                print(f"{name} as nobody: {problem}")
                failed = 1
    if shutil.which("redis-server") and shutil.which("redis-cli"):
        for problem in check_redis(tenure, plant):
            print(f"redis with a leak: {problem}")
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
