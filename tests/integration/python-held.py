#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How Python objects are held, and what they keep, against a program that knows it,
on every interpreter that can be found.

usage: as python.py
"""
import json
import re
import sys

import python
import run

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def why(context, *words):
    report = str(context.directory / "report.json")
    done = run.call([context.tenure, "why", report, *words])
    return done.status, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout.decode())


def by_type(process):
    return {held.get("type"): held for held in process["held_types"]}


@test
def what_objects_keep_and_where_they_are_is_what_the_program_says(context):
    truth = context.directory / "held.json"
    done = context.target("held.py", str(truth), options=["--leaks"])
    process = done.document.processes[0]
    if "held_types" not in process:
        raise python.Skip("; ".join(process["trust"]["notes"]))
    assert process["held_look"]["moment"] == "user_end", process["held_look"]
    assert process["leak_scan"]["moment"] == "exit", process["leak_scan"]
    # What is not known of objects is the exception.
    look = process["held_look"]
    assert look["precise_blocks"] > 10 * look["guessed_blocks"], look
    held = by_type(process)
    got, want = {}, {}
    for name, (size, expression) in json.loads(truth.read_text()).items():
        one = held.get(f"__main__.{name}", {})
        # Of several the first one, which leads to the others.
        got[name] = one.get("most_bytes"), one.get("expression"), one.get("guessed", False)
        want[name] = size, expression, False
    python.difference(got, want, "types")
    assert held["__main__.Ring"]["blocks"] == 2, held["__main__.Ring"]
    assert held["__main__.Ring"]["kept_bytes"] == want["Ring"][0], held["__main__.Ring"]

    buffers = [o for o in process["held_objects"] if o.get("type") == "__main__.Buffers"]
    assert [(o["kept_bytes"], o["expression"]) for o in buffers] == [want["Buffers"][:2]], buffers
    lost = process["leak_scan"]["classes"]
    assert lost["lost"]["blocks"] == lost["cycle"]["blocks"] == 0, lost


@test
def why_tells_the_way_to_a_type_and_to_a_line(context):
    truth = context.directory / "held.json"
    done = context.target("held.py", str(truth), options=["--leaks"])
    if "held_types" not in done.document.processes[0]:
        raise python.Skip("; ".join(done.document.processes[0]["trust"]["notes"]))
    status, out = why(context, "Deep")
    assert status == 0 and "1   __main__.Deep  1 object alive" in out, out
    assert r"at module __main__.__dict__['DEEP']['it\'s'][7][1]" in out, out
    assert "freeing it would give back 195 KiB" in out, out
    assert "in part by what memory looks like" not in out, out
    line = 1 + next(i for i, text in enumerate(
        (context.targets / "held.py").read_text().splitlines()) if text.startswith("BUFFERS ="))
    status, out = why(context, f"held.py:{line}")
    assert status == 0 and "at module __main__.__dict__['BUFFERS'][" in out, out
    status, out = why(context)
    assert status == 0 and "at module __main__.__dict__['BUFFERS']\n" in out, out
    status, out = why(context, "Deeper")
    assert status == 2 and not out, out


if __name__ == "__main__":
    sys.exit(python.main(TESTS))
