#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The programs of docs/python.md say what that page says, on every interpreter that
can be found.

usage: as python.py
"""
import json
import re
import subprocess
import sys

import python

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def recorded(context, name):
    """Run a program of the page.  Return: its document, and its tables by a key."""
    done = context.target(f"textbook/{name}.py", options=("--cycles=all",))
    python.complete(done.document)
    path = str(context.targets / f"textbook/{name}.py")

    def table(by):
        out = subprocess.run([context.tenure, "report", "--by", by, "--json", "-", "report.json"],
                             cwd=context.directory, capture_output=True, check=True).stdout
        rows = json.loads(out)["rows"]
        if by == "line":
            return {row["line"]: row for row in rows if row.get("file") == path and "line" in row}
        if by == "function":
            return {row["function"].split(".")[-1] if context.version < (3, 11) else row["function"]:
                    row for row in rows if row.get("file") == path}
        return {row["name"]: row for row in rows}

    return done.document.processes[0], table


def shape_of(context, process, name):
    """The one shape of cycle of a program's own; None where the collector keeps no lists."""
    words = context.plain(["-VV"]).stdout
    if b"free-threading" in words or (3, 14) <= context.version < (3, 14, 5):
        return None
    shapes = [shape for shape in process["cycles"]["shapes"]
              if any(member["type"] == f"__main__.{name}" for member in shape["members"])]
    assert len(shapes) == 1, json.dumps(shapes, indent=1)
    return shapes[0]


def line_of(context, name, text):
    lines = (context.targets / f"textbook/{name}.py").read_text(encoding="utf-8").splitlines()
    return next(i for i, line in enumerate(lines, 1) if text in line)


def between(value, low, high):
    assert low <= value <= high, (low, value, high)


@test
def the_page_shows_the_programs_that_are_run(context):
    page = (context.targets.parents[2] / "docs/python.md").read_text(encoding="utf-8")
    shown = re.findall(r"```python\n(.*?)```", page[page.index("## Textbook examples"):], re.S)
    programs = [path.read_text(encoding="utf-8").split('"""\n', 1)[1].strip("\n")
                for path in (context.targets / "textbook").glob("*.py")]
    assert len(shown) >= 6
    for text in shown:
        assert text.strip("\n") in programs, text


@test
def nodes_that_point_to_each_other_are_left_to_the_collector(context):
    process, table = recorded(context, "nodes")
    lines = table("line")
    for text, size in (("first = Node", 1000000), ("second = Node", 2000000)):
        row = lines[line_of(context, "nodes", text)]
        between(row["cyclic"]["bytes"], size, size + 1000)
    types = table("type")
    assert types["__main__.Node"]["cyclic"]["blocks"] == 2, types["__main__.Node"]
    assert types["__main__.Node"]["live"]["blocks"] == 0
    shape = shape_of(context, process, "Node")
    if shape:
        assert sum(shape["cycles"].values()) == 1 and shape["cycles"]["collected"] == 1, shape["cycles"]
        nodes = [i for i, one in enumerate(shape["members"]) if one["type"] == "__main__.Node"]
        assert sum(shape["members"][i]["objects"] for i in nodes) == 2, shape["members"]
        labels = {edge["label"].strip(".") for edge in shape["edges"]}
        # Before 3.11 objects have dictionaries of their own, which are members too.
        assert "next" in {word for label in labels for word in re.findall(r"\w+", label)}, labels
        assert any(edge["weaken"] for edge in shape["edges"]), shape["edges"]
    # By a full collection, the one that the program has asked for.
    full = [one for one in process["python"]["collections"] if one["generation"] == 2]
    assert full[0]["freed_bytes"] > 3000000, full


@test
def a_weak_reference_leaves_nothing_to_it(context):
    process, table = recorded(context, "weak")
    types, lines = table("type"), table("line")
    assert types["__main__.Node"]["allocated"]["blocks"] == 2
    assert types["__main__.Node"]["cyclic"]["blocks"] == 0
    assert not [shape for shape in process.get("cycles", {}).get("shapes", [])
                for member in shape["members"] if member["type"] == "__main__.Node"]
    for text in ("first = Node", "second = Node"):
        row = lines[line_of(context, "weak", text)]
        assert row["survived"]["bytes"] == row["live"]["bytes"] == 0, row
        # A full collection empties the interpreter's stocks as well: of dictionaries, say.
        assert row["cyclic"]["bytes"] <= 200, row
    assert process["python"]["uncollectable"] == 0


@test
def finalizers_do_not_keep_a_cycle_alive(context):
    process, table = recorded(context, "finalizer")
    row = table("line")[line_of(context, "finalizer", "bytes(500000)")]
    between(row["cyclic"]["bytes"], 1000000, 1001000)
    assert table("type")["__main__.Handle"]["cyclic"]["blocks"] == 2
    shape = shape_of(context, process, "Handle")
    assert not shape or any(member["finalizer"] for member in shape["members"]), shape
    assert process["python"]["uncollectable"] == 0


@test
def what_was_resurrected_was_not_freed(context):
    process, table = recorded(context, "resurrect")
    row = table("line")[line_of(context, "resurrect", "bytes(800000)")]
    # It lived through the collection that had found it dead.
    between(row["survived"]["bytes"], 800000, 801000)
    first = [one for one in process["python"]["collections"] if one["generation"] == 2][0]
    assert first["freed_bytes"] < 800000, first
    shape = shape_of(context, process, "Phoenix")
    assert not shape or shape["cycles"]["resurrected"] == 1, shape["cycles"]


@test
def a_cache_that_grows_is_a_survivor_and_the_biggest_container(context):
    process, table = recorded(context, "cache")
    row = table("line")[line_of(context, "cache", "page = ")]
    size = sum(len("".join(f"<p>{r} {n}</p>" for n in range(100))) for r in range(1600))
    between(row["survived"]["bytes"], size, size * 1.2)
    assert row["cyclic"]["bytes"] < size / 100
    steps = [point["heap_bytes"] for series in process["checkpoints"]
             if series["kind"] == "collection" for point in series["points"]][:8]
    assert steps == sorted(steps) and steps[-1] - steps[0] > size / 2, steps
    biggest = [one["length"] for moment in process["python"].get("containers", [])
               for one in moment["biggest"] if one["type"] == "dict"]
    assert not biggest or 1600 in biggest, biggest


@test
def a_generator_has_the_churn_but_not_the_peak(context):
    process, table = recorded(context, "sums")
    rows = table("function")
    listed = [row for name, row in rows.items() if name.startswith("from_list") or "listcomp" in name]
    generated = [row for name, row in rows.items() if name.startswith("from_gen") or "genexpr" in name]
    between(sum(row["allocated"]["blocks"] for row in listed), 900000, 2200000)
    if context.version < (3, 14):  # from then on there is a stock of int
        between(sum(row["allocated"]["blocks"] for row in generated), 900000, 2200000)
    assert sum(row["peak"]["bytes"] for row in listed) > 30e6, listed
    assert sum(row["peak"]["bytes"] for row in generated) < 100000, generated
    assert process["totals"]["peak_bytes"] < 60e6


@test
def a_file_that_is_kept_is_kept_with_its_buffer(context):
    _, table = recorded(context, "pipeline")
    row = table("line")[line_of(context, "pipeline", "# kept")]
    assert row["survived"]["blocks"] >= 500 * 3, row  # a reader, what it reads from, its buffer
    # The buffer is as large as the file system likes it, or as the interpreter does.
    between(row["survived"]["bytes"], 500 * 4096, 500 * 300000)
    assert table("type")["_io.BufferedReader"]["peak"]["blocks"] >= 500
    assert table("type")["__main__.Step"]["survived"]["blocks"] == 500


if __name__ == "__main__":
    sys.exit(python.main(TESTS))
