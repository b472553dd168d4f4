#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tables by line, function and so on, and annotated sources, of Python programs that
know what their lines allocate, on every interpreter that can be found.

usage: as python.py
"""
import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import python

KEYS = ("line", "function", "module", "package", "type", "generation", "thread")
SUMS = ("allocated", "peak", "live", "survived", "cyclic")
SCHEMA = Path(__file__).resolve().parents[2] / "docs/table-schema.json"
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def tenure(context, *argv, status=0):
    done = subprocess.run([context.tenure, *argv], cwd=context.directory, capture_output=True,
                          check=False, env={**os.environ, "COLUMNS": "100", "LC_ALL": "C"})
    assert done.returncode == status, (argv, done.returncode, done.stderr)
    done.out, done.err = done.stdout.decode(), done.stderr.decode()
    return done


def table(context, by, *options):
    return json.loads(tenure(context, "report", "--by", by, "--json", "-", *options,
                             "report.json").out)


RUNS = {}


def lines_of(context):
    """The run of lines.py, one for all tests of an interpreter."""
    report = context.directory / "report.json"
    if context.python not in RUNS:
        RUNS[context.python] = context.target("lines.py"), report.read_bytes()
    done, text = RUNS[context.python]
    report.write_bytes(text)
    return done


def sum_of(blocks, each):
    return {"blocks": blocks, "bytes": blocks * each}


NOTHING = {"blocks": 0, "bytes": 0}


@functools.lru_cache(None)
def validator():
    try:
        import jsonschema
    except ImportError:
        return None
    return jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))


@test
def lines_have_what_they_allocated(context):
    done = lines_of(context)
    truth, count = done.truth, done.truth["count"]
    rows = {row["line"]: row for row in table(context, "line")["rows"]
            if row.get("file") == truth["file"] and "line" in row}
    each = truth["bytes"]
    got = {mark: {key: rows[line][key] for key in SUMS} for mark, line in truth["lines"].items()}
    for mark in each:
        everything = sum_of(count, each[mark])
        assert got[mark]["allocated"] == everything, (mark, got[mark])
        assert got[mark]["survived"] == (everything if mark in ("kept", "thread") else NOTHING)
        assert got[mark]["live"] == (everything if mark in ("kept", "thread") else NOTHING)
        assert got[mark]["cyclic"] == (everything if mark == "cyclic" else NOTHING), got[mark]
        assert got[mark]["peak"] == (NOTHING if mark == "churned" else everything), got[mark]
    assert rows[truth["lines"]["churned"]]["temporary"] == count
    assert rows[truth["lines"]["kept"]]["function"] == "keep"


@test
def rows_of_every_table_add_up_to_the_process(context):
    done = lines_of(context)
    totals = done.document.processes[0]["totals"]
    for by in KEYS:
        got = table(context, by)
        if validator():
            validator().validate(got)
        assert got["rows_count"] == len(got["rows"]), by
        for key in SUMS:
            if by == "generation" and key == "peak":
                assert key not in got["rows"][0]
                continue
            for unit in ("blocks", "bytes"):
                rows = sum(row[key][unit] for row in got["rows"])
                assert rows == got["total"][key][unit], (by, key, unit, rows, got["total"][key])
        assert by == "generation" or got["total"]["peak"]["bytes"] == totals["peak_bytes"]
        assert got["total"]["allocated"]["blocks"] == totals["allocations"]
        assert got["total"]["live"]["bytes"] == totals["live_bytes"]


@test
def every_key_has_its_names(context):
    truth = lines_of(context).truth
    named = {by: {row.get("name"): row for row in table(context, by)["rows"]} for by in KEYS}
    everything = truth["count"] * truth["bytes"]["cyclic"]
    # Code that dies with an import's leftovers has a few more.
    assert everything <= named["type"]["bytes"]["cyclic"]["bytes"] < everything * 1.05
    assert named["type"]["__main__.Node"]["cyclic"]["blocks"] == truth["count"]
    assert named["module"]["lines"]["cyclic"]["bytes"] > everything
    assert named["package"]["lines"]["peak"]["bytes"] > everything
    assert list(named["generation"]) == ["0", "1", "2"]
    threads = [row for row in table(context, "thread")["rows"] if row["tid"] == truth["tid"]]
    assert len(threads) == 1
    its_own = truth["count"] * truth["bytes"]["thread"]
    assert its_own <= threads[0]["live"]["bytes"] < its_own + 10000, threads[0]
    assert threads[0]["survived"]["bytes"] >= its_own
    functions = {row["function"]: row for row in table(context, "function")["rows"]
                 if row.get("file") == truth["file"]}
    assert functions["cycles"]["cyclic"]["blocks"] == 2 * truth["count"]


@test
def rows_come_in_the_order_asked_for(context):
    lines_of(context)
    for sort, key, unit in (("live", "live", "bytes"), ("allocations", "allocated", "blocks"),
                            ("survivors", "survived", "bytes")):
        rows = table(context, "line", "--sort", sort)["rows"]
        weights = [row[key][unit] for row in rows]
        assert weights == sorted(weights, reverse=True) and weights[0] > weights[-1], sort
    three = table(context, "line", "--sort", "cyclic", "--top", "3")
    assert len(three["rows"]) == 3 and three["rows_count"] > 3
    assert three["rows"][0]["function"] == "cycles"
    text = tenure(context, "report", "--by", "line", "--sort", "cyclic", "--top", "2",
                  "report.json").out
    lines = text.splitlines()
    assert any(line.startswith("BY LINE") for line in lines), text
    assert [line for line in lines if line.startswith("  1 ") and "cycles" in line], text
    assert "more" in lines[-2] and lines[-1].endswith("total"), text


@test
def sources_are_annotated(context):
    truth = lines_of(context).truth
    text = tenure(context, "annotate", "lines.py", "report.json").out.splitlines()
    source = Path(truth["file"]).read_text(encoding="utf-8").splitlines()
    assert text[0] == truth["file"]
    functions = text.index("FUNCTIONS")
    for number, line in enumerate(source, 1):  # every line is there
        assert text[number + 1].endswith(f"{number:>6}  {line}".rstrip()) or len(line) > 56, number
    shown = {mark: text[line + 1].split() for mark, line in truth["lines"].items()}
    kib = {mark: f"{truth['count'] * each / 1024:.0f} KiB".split()
           for mark, each in truth["bytes"].items()}
    nothing = ["-"]
    assert shown["kept"][:7] == kib["kept"] * 3 + nothing, shown["kept"]
    assert shown["churned"][:5] == kib["churned"] + nothing * 3, shown["churned"]
    assert shown["cyclic"][:7] == kib["cyclic"] * 2 + nothing + kib["cyclic"], shown["cyclic"]
    assert [line for line in text[functions:] if line.endswith("  cycles")]
    assert text[-1].endswith("total")

    inner = text[truth["lines"]["kept"] + 1].split()[:2]
    call = source.index("    keep(lists[0])") + 1
    text = tenure(context, "annotate", "--cumulative", "lines.py", "report.json").out.splitlines()
    whole, unit = text[call + 1].split()[:2]
    assert unit == inner[1] and float(inner[0]) <= float(whole) < float(inner[0]) * 1.1


def said(text, pattern):
    """The number that sys._debugmallocstats() has printed."""
    found = re.search(pattern, text)
    assert found, (pattern, text[-2000:])
    return int(found.group(1).replace(",", ""))


@test
def arenas_are_what_the_interpreter_says(context):
    done = context.target("arenas.py")
    python.complete(done.document)
    text = done.stderr.decode()
    if "arenas allocated current" not in text:
        raise python.Skip("it does not say what pymalloc has when that is wrapped")
    arenas = done.document.processes[0]["python"]["arenas"]
    each = said(text, r"arenas \* ([\d,]+) bytes/arena")
    assert arenas["end"]["arenas"] == said(text, r"arenas allocated current +=\s+([\d,]+)")
    assert arenas["end"]["arena_bytes"] == arenas["end"]["arenas"] * each
    assert arenas["most_bytes"] == said(text, r"arenas highwater mark +=\s+([\d,]+)") * each
    assert arenas["peak"]["arena_bytes"] <= arenas["most_bytes"]
    # We have a few blocks of our own there; and some are freed once pymalloc is unwrapped.
    blocks = said(text, r"bytes in allocated blocks +=\s+([\d,]+)")
    assert abs(blocks - arenas["end"]["rounded_bytes"]) <= 2048, (blocks, arenas["end"])
    assert arenas["end"]["bytes"] <= arenas["end"]["rounded_bytes"] < arenas["end"]["arena_bytes"]
    # The arenas are no mapped memory of the program besides.
    mapped = done.document.processes[0]["totals"]["mapped_live_bytes"]
    assert mapped < arenas["end"]["arena_bytes"] / 4, mapped
    text = tenure(context, "report", "report.json").out
    assert re.search(r"^    fragmentation +\d+\.\d % +\d+\.\d %$", text, re.M), text


def is_free_threaded(context):
    return b"free-threading" in context.plain(["-VV"]).stdout


def keeps_no_generations(context):
    return is_free_threaded(context) or (3, 14) <= context.version < (3, 14, 5)


@test
def without_pymalloc_there_are_no_arenas(context):
    if is_free_threaded(context):
        raise python.Skip("it has no other allocator")
    done = context.target("lines.py", env={"PYTHONMALLOC": "malloc"})
    assert "arenas" not in done.document.processes[0]["python"]


def check_containers(context, moment, truth):
    """The biggest ones of a moment are those of @truth: {type: (items, bytes)}."""
    found = {}
    for one in moment["biggest"]:
        found.setdefault(one["type"], one)
    for name, (length, size) in truth.items():
        assert found[name]["length"] == length, (name, found.get(name), length)
        # An ordered one has a list of nodes besides; a subclass' object may have a dictionary.
        exact = "." not in name or name == "collections.deque"
        assert found[name]["bytes"] == size if exact else \
            size * 0.4 < found[name]["bytes"] <= size, (name, found[name], size)
    sizes = [one["bytes"] for one in moment["biggest"]]
    assert sizes == sorted(sizes, reverse=True) and not moment["partial"]


@test
def the_biggest_containers_are_found(context):
    done = context.target("containers.py", "leave")
    moments = done.document.processes[0].get("python", {}).get("containers")
    if moments is None and keeps_no_generations(context):
        raise python.Skip("objects are not kept by generation there")
    assert not moments[-1]["end"]
    check_containers(context, moments[-1], done.truth)
    for one in moments[-1]["biggest"]:
        if one["type"] == "list" and one["length"] == 13000:
            names = [frame[2] for frame in done.document.python_stack(one["items_stack"])]
            assert "make" in names, names

    done = context.target("containers.py")
    last = done.document.processes[0]["python"]["containers"][-1]
    assert last["end"]
    check_containers(context, last, done.truth)
    text = tenure(context, "report", "report.json").out
    assert re.search(r"^  1 +\d+ KiB +[\d,]+  (dict|set)", text, re.M), text


if __name__ == "__main__":
    sys.exit(python.main(TESTS))
