#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reference cycles of Python programs: found, counted, named; held against what
the collector says, on every interpreter that can be found.

usage: as python.py
"""
import json
import shutil
import subprocess
import sys

import python
import run

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def has_lists(version):
    """Has this version's collector the lists that are looked into?"""
    return not (3, 14, 0) <= version < (3, 14, 5)


def shapes_of(done, process=0):
    return done.document.processes[process]["cycles"]["shapes"]


def made(context, *argv, options=(), process=0):
    """Run a way of cycles.py.  Return: the run, and its shapes of the target's own."""
    if not has_lists(context.version) or "free-threading" in context.plain(
            ["-c", "import sys; print(sys.version)"]).stdout.decode():
        raise python.Skip("the collector of this version keeps no lists")
    done = context.target("cycles.py", *argv, options=("--cycles=all", *options))
    python.complete(done.document)
    own = []
    for shape in shapes_of(done, process):
        files = [done.document.python_stack(member.get("stack"))[-1:]
                 for member in shape["members"]]
        if any(frames and frames[0][0].endswith("cycles.py") for frames in files):
            own.append(shape)
    return done, own


def only(shapes):
    assert len(shapes) == 1, json.dumps(shapes, indent=1)
    return shapes[0]


def edges(shape):
    """(type, label, type) of each edge; without the places."""
    types = [member["type"].split(".")[-1] for member in shape["members"]]
    return {(types[e["from"]], e["label"], types[e["to"]]) for e in shape["edges"]}


def weakened(shape):
    types = [member["type"].split(".")[-1] for member in shape["members"]]
    return {(types[e["from"]], e["label"], types[e["to"]]) for e in shape["edges"] if e["weaken"]}


def total(shape):
    return sum(shape["cycles"].values())


def counts_agree(done):
    """What was unreachable is what the collector has collected."""
    process = done.document.processes[0]
    cycles, said = process["cycles"], process["python"]
    assert not any(sum(cycles["collections"][key]) for key in cycles["collections"]
                   if key != "examined"), cycles["collections"]
    assert cycles["unreachable"] - cycles["kept"] == said["collected"], (cycles, said["collected"])
    # Beside what the program has seen there is one collection before and one at the end.
    assert said["collected"] >= done.truth["collected"]


@test
def two_nodes_that_refer_to_each_other(context):
    done, shapes = made(context, "two_nodes", "1")
    shape = only(shapes)
    assert shape["cycles"] == {"collected": 1, "resurrected": 0, "uncollectable": 0, "saved": 0}
    assert shape["least"] == shape["most"] == 2 and shape["generations"] == [0, 0, 1], shape
    assert edges(shape) == {("Node", ".next", "Node")} and len(shape["edges"]) == 2, shape
    lines = sorted(done.document.python_stack(m["stack"])[-1][1] for m in shape["members"])
    assert lines[1] == lines[0] + 1, lines
    # Back from the younger to the older one, which is the second line's.
    weak = [e for e in shape["edges"] if e["weaken"]]
    assert len(weak) == 1 and weak[0]["back"] == 1, shape
    younger = done.document.python_stack(shape["members"][weak[0]["from"]]["stack"])[-1][1]
    assert younger == lines[1]
    counts_agree(done)


@test
def a_weak_reference_makes_no_cycle(context):
    done, shapes = made(context, "weak", "100")
    assert not shapes, shapes
    assert done.truth["last"] == 0


@test
def ten_thousand_of_one_shape_are_one_group(context):
    done, shapes = made(context, "tree", "10000")
    shape = only(shapes)
    assert shape["cycles"]["collected"] == 10000 and shape["least"] == shape["most"] == 5, shape
    assert edges(shape) == {("Tree", ".children", "list"), ("Tree", ".parent", "Tree"),
                            ("list", "[…]", "Tree")}, shape
    assert weakened(shape) == {("Tree", ".parent", "Tree")}, shape
    assert {m["type"]: 0 for m in shape["members"]}.keys() == {"__main__.Tree", "list"}
    assert shape["held_objects"] == 30000, shape  # the children's lists
    counts_agree(done)


NAMED = {
    "slots": ({("Slots", ".right", "Slots"), ("Slots", ".left", "Slots")},
              {("Slots", ".left", "Slots")}),
    "dictionary": ({("dict", "['me']", "dict")}, {("dict", "['me']", "dict")}),
    "keyed": ({("dict", "['child']", "dict"), ("dict", "['parent']", "dict")},
              {("dict", "['parent']", "dict")}),
    "item": ({("list", "[0]", "list")}, {("list", "[0]", "list")}),
    "pair": ({("list", "[0]", "tuple"), ("tuple", "[0]", "list")}, None),
    "closure": ({("function", ".__closure__", "tuple"), ("tuple", "[0]", "cell"),
                 ("cell", ".cell_contents", "function")},
                {("cell", ".cell_contents", "function")}),
    "error": ({("ZeroDivisionError", ".__traceback__", "traceback"),
               ("traceback", ".tb_frame", "frame"),
               ("frame", " local kept", "ZeroDivisionError")},
              {("ZeroDivisionError", ".__traceback__", "traceback")}),
    "materialised": ({("Node", ".next", "Node")}, {("Node", ".next", "Node")}),
}


@test
def shapes_are_named(context):
    done, _ = made(context, ",".join(NAMED), "7")
    for way, (want, weak) in NAMED.items():
        shape = [s for s in shapes_of(done) if edges(s) == want]
        assert sum(map(total, shape)) == 7, (way, [edges(s) for s in shapes_of(done)])
        assert weak is None or weakened(shape[0]) == weak, (way, shape[0])
        assert all(s["cycles"]["collected"] == total(s) for s in shape), shape
    counts_agree(done)


@test
def methods_generators_classes_and_finalizers(context):
    done, shapes = made(context, "cache,generator,classes,deleted", "3")
    shape = only([s for s in shapes if ("method", ".__self__", "Cache") in edges(s)])
    assert total(shape) == 3 and weakened(shape) == {("method", ".__self__", "Cache")}, shape
    assert ("Cache", ".cached", "_lru_cache_wrapper") in edges(shape), shape

    shape = only([s for s in shapes if any("local me" in e["label"] for e in s["edges"])])
    assert total(shape) == 3, shape

    shape = only([s for s in shapes if ("type", ".method", "function") in edges(s)])
    assert total(shape) == 3 and not weakened(shape), shape

    shape = only([s for s in shapes if edges(s) == {("Deleted", ".me", "Deleted")}])
    assert shape["cycles"]["collected"] == 3 and shape["members"][0]["finalizer"], shape


@test
def what_a_finalizer_brings_back_is_told(context):
    done, shapes = made(context, "stubborn", "4")
    brought = sum(s["cycles"]["resurrected"] for s in shapes)
    # Before 3.9 all of a collection's garbage goes back with it.
    assert brought == 4, shapes
    process = done.document.processes[0]
    assert process["cycles"]["kept"] >= 4


@test
def what_the_program_wants_kept_is_told(context):
    _, shapes = made(context, "two_nodes", "4", "saveall")
    assert only(shapes)["cycles"]["saved"] == 4, shapes


@test
def tasks_of_asyncio_do_no_harm(context):
    done, _ = made(context, "tasks", "3")
    # Closed event loops free a part of their cycle themselves.
    assert done.document.processes[0]["cycles"]["unreachable"] > 0


@test
def collections_by_themselves_and_from_threads(context):
    done, shapes = made(context, "two_nodes", "5000", "enabled")
    assert sum(map(total, shapes)) == 5000, shapes
    assert len(shapes) == 1 and sum(shapes[0]["generations"]) == 5000
    counts_agree(done)
    done, shapes = made(context, "in_threads", "40")
    assert sum(map(total, shapes)) == 160, list(map(total, shapes))
    counts_agree(done)


@test
def a_forked_child_has_its_own(context):
    done, _ = made(context, "in_child", "30")
    child = [p for p in done.document.processes if p["forked"]]
    assert len(child) == 1
    found = [s for s in child[0]["cycles"]["shapes"] if edges(s) == {("Node", ".next", "Node")}]
    assert sum(map(total, found)) == 30, child[0]["cycles"]


@test
def a_capture_tells_the_same(context):
    capture = context.directory / "run.tnr"
    done, _ = made(context, "tree", "50", options=(f"--record={capture}",))
    replayed = context.directory / "replayed.json"
    again = run.call([context.tenure, "report", "-f", "-o", str(replayed), str(capture)])
    assert again.status == 0, again.stderr
    want = done.document.processes[0]["cycles"]
    got = json.loads(replayed.read_text())["processes"][0]["cycles"]
    assert got == want


@test
def a_shape_can_be_drawn(context):
    done, _ = made(context, "tree", "2")
    number = 1 + [("Tree", ".parent", "Tree") in edges(s) for s in shapes_of(done)].index(True)
    report = str(context.directory / "report.json")
    drawn = run.call([context.tenure, "export", f"--shape={number}", "dot", report])
    assert drawn.status == 0, drawn.stderr
    text = drawn.stdout.decode()
    assert text.count("subgraph") == 1 and text.count("->") == 3, text
    red = [line for line in text.splitlines() if "color=red" in line]
    assert len(red) == 1 and '".parent"' in red[0], text
    far = run.call([context.tenure, "export", "--shape=100000", "dot", report])
    assert far.status == 2, far.status
    if not shutil.which("dot"):
        print("# dot is not installed: its syntax was not checked")
        return
    everything = run.call([context.tenure, "export", "dot", report])
    checked = subprocess.run(["dot", "-Tplain"], input=everything.stdout, capture_output=True,
                             check=False)
    assert checked.returncode == 0 and not checked.stderr, checked.stderr


@test
def the_budget_is_kept_and_told(context):
    if not has_lists(context.version):
        raise python.Skip("the collector of this version keeps no lists")
    code = "import gc\nx = [[] for i in range(300000)]\nfor i in range(60): gc.collect()\n"
    done = context.recorded(["-c", code])
    cycles = done.document.processes[0].get("cycles")
    if not cycles:
        raise python.Skip("the collector of this version keeps no lists")
    said = cycles["collections"]
    assert sum(sum(said[key]) for key in said) == sum(done.document.processes[0]["python"]["runs"])
    assert sum(said["over_budget"]) + sum(said["too_slow"]) > 0, said
    done = context.recorded(["-c", code], options=("--cycles=off",))
    assert "cycles" not in done.document.processes[0]


if __name__ == "__main__":
    sys.exit(python.main(TESTS))
