#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Programs that lose nothing are said to lose nothing, and with a planted leak just that.

    leak-programs.py TENURE PLANT.SO
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import run

PLANTED = (10, 43210)
PROGRAMS = {
    "git": ["git", "--version"],
    "git-log": ["git", "-C", os.path.dirname(os.path.abspath(__file__)), "log", "-3", "--oneline"],
    "sqlite3": ["sqlite3", ":memory:", "create table t(a); insert into t values(1); select * from t"],
    "python3": ["/usr/bin/python3", "-S", "-c", "pass"],
    "python3-json": ["/usr/bin/python3", "-c", "import json, re; json.loads('[1, 2, {}]')"],
}


def look(report):
    with open(report, encoding="utf-8") as f:
        return json.load(f)["processes"][0].get("leak_scan", {})


def judge(scan, planted):
    if not scan.get("done") or scan["partial"]:
        return [f"looked through in part only: {scan}"]
    classes = scan["classes"]
    lost = {name: (classes[name]["blocks"], classes[name]["bytes"])
            for name in ("lost", "cycle", "lost_through")}
    expected = {"lost": PLANTED if planted else (0, 0), "cycle": (0, 0), "lost_through": (0, 0)}
    return [] if lost == expected else [f"found {lost}"]


def check_program(tenure, argv, plant):
    with tempfile.TemporaryDirectory(prefix="tenure-test-") as directory:
        report = os.path.join(directory, "report.json")
        env = {"LD_PRELOAD": plant} if plant else {}
        plain = run.call(argv, env=env)
        done = run.call(run.tenure_argv(tenure, report, argv, "--leaks"), env=env)
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


def main(tenure, plant):
    failed = 0
    plant = os.path.realpath(plant)
    for name, argv in PROGRAMS.items():
        if not shutil.which(argv[0]):
            print(f"{name}: skipped: not installed")
            continue
        for planted in (None, plant):
            for problem in check_program(tenure, argv, planted):
                print(f"{name}{' with a leak' if planted else ''}: {problem}")
                failed = 1
    if shutil.which("redis-server") and shutil.which("redis-cli"):
        for problem in check_redis(tenure, plant):
            print(f"redis with a leak: {problem}")
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
