#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a run prints and writes, its JSON printed again, and its capture replayed are the same.

    live.py TENURE SCHEMA.PY SCHEMA PRINT PROGRAM [ARG...]
"""
import os
import subprocess
import sys
import tempfile

problems = []


def run(*command, **kwargs):
    return subprocess.run(command, capture_output=True, check=False, **kwargs)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def main(tenure, schema_py, schema, program, *command):
    with tempfile.TemporaryDirectory() as top:
        json, again, capture = (os.path.join(top, n) for n in ("a.json", "b.json", "a.tnr"))
        live = run(tenure, "run", "--leaks", "-o", json, "--record", capture, "--", *command)
        printed = run(tenure, "report", json)
        replayed = run(tenure, "report", "-o", again, capture)
        for name, done in (("report FILE.json", printed), ("report FILE.tnr", replayed)):
            if done.returncode:
                problems.append(f"tenure {name}: {done.returncode}: {done.stderr.decode()}")
        if problems:
            return

        if printed.stdout not in live.stderr:
            problems.append("the live summary is\n" + live.stderr.decode() +
                            "but the JSON is printed as\n" + printed.stdout.decode())
        if read(json) != read(again):
            problems.append("the JSON of the replayed capture differs from that of the run")
        loaded = run(program, "json", json)
        if loaded.stdout != read(json):
            problems.append("the JSON read and written again differs")
        checked = run(sys.executable, schema_py, schema, program, json)
        if checked.returncode:
            problems.append(checked.stdout.decode() + checked.stderr.decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
    for problem in problems:
        print(problem)
    sys.exit(bool(problems))
