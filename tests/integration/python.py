#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Python programs under tenure, held against what they know of themselves, on
every interpreter that can be found.

usage: python.py --tenure TENURE --targets DIRECTORY [--only WORD]

Interpreters: /usr/bin/python3, those of pyenv, and $TENURE_TEST_PYTHONS (paths
separated by colons).
"""
import argparse
import collections
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import run

SUPPORTED = [(3, minor) for minor in range(8, 16)]
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"


class Skip(Exception):
    """A test that does not apply here; the text says why."""


@functools.lru_cache(None)
def version_of(python):
    code = "import sys; print(*sys.version_info[:3])"
    done = subprocess.run([python, "-c", code], capture_output=True, check=False)
    return tuple(int(word) for word in done.stdout.split()[:3]) if done.returncode == 0 else None


@functools.lru_cache(None)
def is_free_threaded(python):
    code = "import sysconfig; print(sysconfig.get_config_var('Py_GIL_DISABLED') or 0)"
    return subprocess.run([python, "-c", code], capture_output=True, check=False).stdout == b"1\n"


def interpreters():
    found = ["/usr/bin/python3"]
    found += sorted(str(p / "bin/python3") for p in PYENV.glob("3.*"))
    found += [p for p in os.environ.get("TENURE_TEST_PYTHONS", "").split(":") if p]
    real = {}
    for path in found:
        if os.access(path, os.X_OK):
            real.setdefault(os.path.realpath(path), path)
    return list(real.values())


class Document:
    """The report, as far as these tests look into it."""

    def __init__(self, path):
        self.raw = json.loads(Path(path).read_text())
        self.processes = self.raw["processes"]
        self.strings = self.raw["strings"]
        self.cache = {}

    def frames(self, stack):
        """Frames of @stack, innermost first."""
        at, found = stack, []
        while at is not None:
            entry = self.raw["stacks"][at]
            found.append(self.raw["frames"][entry[0]])
            at = entry[1] if len(entry) > 1 else None
        return found

    def python_stack(self, stack):
        """[(file, line, name)] of the Python frames of @stack, outermost first."""
        if stack not in self.cache:
            self.cache[stack] = [
                (self.strings[f["file"]], f.get("line", 0), self.strings[f["function"]])
                for f in reversed(self.frames(stack)) if f.get("kind") == "python"]
        return self.cache[stack]

    def types(self, process=0):
        return {t["name"]: t for t in self.processes[process]["types"]}


class Context:
    """One interpreter, and how to run a target with it."""

    def __init__(self, tenure, targets, python, directory):
        self.tenure = tenure
        self.targets = targets
        self.python = python
        self.version = version_of(python)
        self.directory = Path(directory)

    def plain(self, argv, env=None):
        return run.call([self.python, *argv], env=env, cwd=self.directory)

    def recorded(self, argv, env=None, options=(), status=0):
        report = self.directory / "report.json"
        truth = self.directory / "truth.json"
        for path in (report, truth):
            path.unlink(missing_ok=True)
        env = {"TRUTH_PATH": str(truth), **(env or {})}
        argv = run.tenure_argv(self.tenure, str(report), [self.python, *argv], *options)
        done = run.call(argv, env=env, cwd=self.directory)
        assert done.status == status, f"status {done.status}: {done.stderr[-2000:]!r}"
        done.document = Document(report)
        done.truth = json.loads(truth.read_text()) if truth.exists() else None
        return done

    def extension(self):
        """Build tests/targets/ext for this interpreter.  Return: its directory, for PYTHONPATH."""
        build = self.targets.parent / "ext" / "build.py"
        done = run.call([self.python, str(build), str(self.directory)])
        if done.status == 77:
            raise Skip(done.stdout.decode().strip())
        assert done.status == 0, done.stdout.decode()
        return str(self.directory)

    def target(self, name, *args, **kwargs):
        return self.recorded([*kwargs.pop("flags", ()), str(self.targets / name), *args], **kwargs)


def difference(got, want, what):
    """Nothing if the two dictionaries are equal, else a text that shows where they are not."""
    wrong = [f"{key!r}: got {got.get(key)}, want {want.get(key)}"
             for key in sorted(set(got) | set(want), key=str) if got.get(key) != want.get(key)]
    assert not wrong, f"{len(wrong)} {what} differ:\n  " + "\n  ".join(wrong[:10])


def complete(document):
    for process in document.processes:
        assert process["trust"]["complete"], process["trust"]


TESTS = []


def test(function):
    TESTS.append(function)
    return function


def any_build(function):
    """A test for builds without a GIL, too."""
    function.builds = (False, True)
    return function


def free_threaded(function):
    """A test for builds without a GIL only."""
    function.builds = (True,)
    return function


@test
@any_build
def stacks_are_those_of_traceback(context):
    done = context.target("stacks.py")
    document, truth = done.document, done.truth
    complete(document)
    assert truth["count"] >= 200, truth["count"]
    want = {tuple(tuple(line.rsplit(":", 2)) for line in key.split("\n")): value
            for key, value in truth["stacks"].items()}
    counts = collections.Counter()
    for site in document.processes[0]["sites"]:
        stack = document.python_stack(site.get("stack"))
        # Blocks of the probes, by size: nothing else here is as large.
        if not stack or stack[-1][2] != "probe" or site["bytes"] < truth["size"]:
            continue
        key = tuple((f, str(line), name.rsplit(".", 1)[-1]) for f, line, name in stack)
        counts[key] += site["bytes"] - site["allocations"] * truth["overhead"]
    difference(dict(counts), want, "stacks")


@test
@any_build
def native_frames_stand_between_python_frames(context):
    document = context.target("stacks.py").document
    interpreter_loop = set()
    shapes = set()
    for site in document.processes[0]["sites"]:
        frames = document.frames(site.get("stack"))
        names = [document.strings[f["function"]] for f in frames]
        # Of a run that has popped its last frame only what it still does is left.
        interpreter_loop.update(names[i - 1] for i, n in enumerate(names)
                                if n == "_PyEval_EvalFrameDefault" and "ClearAndPop" not in names[i - 1])
        kinds = [f.get("kind", "native") for f in frames]
        if "probe" in names and "qsort" in " ".join(names):
            at = next(i for i, n in enumerate(names) if "qsort" in n)
            shapes.add(("python" in kinds[:at], "python" in kinds[at:]))
    assert not interpreter_loop, f"the interpreter's loop shows: it calls {interpreter_loop}"
    assert shapes == {(True, True)}, f"callbacks through qsort: {shapes}"


@test
@any_build
def deep_recursions_have_all_their_frames(context):
    done = context.target("deep.py")
    complete(done.document)
    want, got = collections.Counter(), collections.Counter()
    for size, name, _ in done.truth["probes"]:
        want[name] += size + done.truth["overhead"]
    for site in done.document.processes[0]["sites"]:
        if site["bytes"] < 100000:
            continue
        stack = [f[2].rsplit(".", 1)[-1] for f in done.document.python_stack(site.get("stack"))]
        if stack[-1:] != ["probe"]:
            continue
        depth = stack.count("deeper")
        assert done.truth["depth"] <= depth <= done.truth["depth"] + 1, depth
        got[stack[stack.index("deeper") - 1]] += site["bytes"]
    difference(dict(got), dict(want), "callers of a deep recursion")


@test
@any_build
def collections_are_those_of_gc_callbacks(context):
    done = context.target("collections_.py")
    complete(done.document)
    python = done.document.processes[0]["python"]
    runs = [(c["generation"], c["collected"], c["uncollectable"]) for c in python["collections"]]
    want = [tuple(c) for c in done.truth["collections"]]
    assert runs[len(runs) - len(want):] == want, (
        f"{len(runs)} recorded, {len(want)} told; " +
        str([(a, b) for a, b in zip(runs[len(runs) - len(want):], want) if a != b][:5]))
    # Those before are the interpreter's own start.
    assert len(runs) - len(want) < 40, (len(runs), len(want))
    assert python["runs"] == [sum(r[0] == g for r in runs) for g in range(3)]
    assert python["collected"] == sum(r[1] for r in runs)


@test
@any_build
def threads_at_the_same_time_have_their_own_stacks(context):
    done = context.target("threads.py")
    complete(done.document)
    assert not done.stderr, done.stderr
    got = collections.Counter()
    for site in done.document.processes[0]["sites"]:
        stack = done.document.python_stack(site.get("stack"))
        # Not the numbers that are made there: those stay in the interpreter's free lists.
        if site["live_bytes"] < 5000 * site["live_blocks"]:
            continue
        if stack and stack[-1][2].startswith("inner_") and stack[-1][1] == 11:
            assert [f[2] for f in stack[-2:]] == ["work_" + stack[-1][2][-1], stack[-1][2]], stack
            got[":".join(map(str, stack[-1]))] += site["live_bytes"]
    difference(dict(got), done.truth, "threads")


@test
@free_threaded
def what_is_not_known_without_a_gil_is_named(context):
    code = ("import gc, json\nclass A: pass\ngc.disable()\nfor i in range(1000):\n"
            "    a = A(); a.b = A(); a.b.a = a\ndel a\ngc.collect()")
    done = context.recorded(["-c", code])
    complete(done.document)
    process = done.document.processes[0]
    functions = process["totals"]["by_function"]
    assert functions["py_obj"] > 10000 and functions["py_mem"] > 500, functions
    assert process["python"]["generations"] == "survived", process["python"]
    assert not any(t["allocations"] for t in process.get("types", [])), process["types"]
    assert any("no GIL" in note for note in process["trust"]["notes"]), process["trust"]
    assert sum(s.get("collected_blocks", 0) for s in process["sites"]) >= 2000


@test
def what_the_collector_freed_is_told_by_type(context):
    done = context.target("collections_.py")
    node = done.document.types()["__main__.Node"]
    # Each work() leaves 5000 pairs and its collections free them, all but a
    # few that other objects' collections may have freed before: none here.
    assert node["collected_blocks"] == node["allocations"] - node["live_blocks"], node
    assert node["collected_blocks"] >= 20000, node


def check_types(context, *args):
    done = context.target("types_.py", *args)
    complete(done.document)
    types = done.document.types()
    kept = {name: count for name, count in done.truth["kept"].items()}
    live = {name: t["live_blocks"] for name, t in types.items()}
    # Of our own classes all, wherever they are; of others at least those that we kept.
    own = {n: c for n, c in done.truth["tracked"].items()}
    difference({n: live.get(n) for n in own}, own, "classes of the program")
    untracked = {n: c for n, c in kept.items() if n.startswith("__main__.") and n not in own}
    difference({n: live.get(n) for n in untracked}, untracked, "kept classes")
    missing = {n: (live.get(n, 0), c) for n, c in kept.items() if live.get(n, 0) < c}
    assert not missing, f"fewer than were kept: {missing}"


@test
def objects_are_counted_by_type(context):
    check_types(context)


@test
def objects_of_threads_are_counted_by_type(context):
    check_types(context, "threads")


@test
def other_allocators_change_nothing(context):
    for env, flags in [({"PYTHONMALLOC": "malloc"}, ()), ({"PYTHONMALLOC": "debug"}, ()),
                       ({"PYTHONMALLOC": "malloc_debug"}, ()),
                       ({}, ("-X", "dev")), ({"PYTHONTRACEMALLOC": "3"}, ()),
                       ({"PYTHONMALLOC": "pymalloc_debug", "PYTHONDEVMODE": "1"}, ())]:
        done = context.target("types_.py", env=env, flags=("-W", "ignore", *flags))
        complete(done.document)
        types = done.document.types()
        own = done.truth["tracked"]
        difference({n: types.get(n, {}).get("live_blocks") for n in own}, own,
                   f"classes with {env} {flags}")
        functions = done.document.processes[0]["totals"]["by_function"]
        assert functions["py_obj"] > 10000 and functions["py_mem"] > 500, functions


@test
def options_of_the_interpreter_change_nothing(context):
    for flags in (("-X", "importtime"), ("-S", "-E", "-O")):
        done = context.target("types_.py", flags=flags)
        complete(done.document)
        types = done.document.types()
        own = done.truth["tracked"]
        difference({n: types.get(n, {}).get("live_blocks") for n in own}, own,
                   f"classes with {flags}")
    done = context.recorded(["-I", "-c", "import sys; print(sys.flags.isolated)"])
    assert done.stdout == b"1\n" and done.document.processes[0]["python"]["runs"][2] >= 1


@test
@any_build
def tracemalloc_sees_what_it_saw_before(context):
    code = ("import tracemalloc; tracemalloc.start(); x = [bytes(1000) for i in range(100)]; "
            "s = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, '<string>')]);"
            "print(s.statistics('lineno')[0].count >= 100); tracemalloc.stop(); y = bytes(100)")
    done = context.recorded(["-c", code])
    assert done.stdout == b"True\n", done.stdout
    complete(done.document)


@test
def forked_children_are_processes_with_types_and_stacks(context):
    done = context.target("forks.py")
    complete(done.document)
    counts = [done.document.types(i).get("__main__.Child", {}).get("live_blocks")
              for i in range(len(done.document.processes))]
    assert counts == [150, 200, 300], counts
    for process in done.document.processes[1:]:
        stacks = [done.document.python_stack(s.get("stack")) for s in process["sites"]]
        assert any("made_in_child" in [f[2] for f in s] for s in stacks)
        assert process["python"]["runs"][2] == 1, process["python"]["runs"]


@test
def subinterpreters_are_followed(context):
    done = context.target("subinterpreters.py")
    assert done.stdout == b"done\n", (done.stdout, done.stderr)
    by = collections.Counter()
    for entry in done.document.processes[0]["python"]["collections"]:
        by[entry["interpreter"]] += entry["collected"]
    if context.version < (3, 9):  # one collector for all
        assert by[0] >= 9000 * 1, by
        return
    others = [n for i, n in by.items() if i]
    assert len(others) == (6 if context.version >= (3, 12) else 3), by
    if context.version[:2] != (3, 9):  # has its collector off in subinterpreters
        assert all(n >= 3000 for n in others), by


@test
@any_build
def the_program_notices_nothing(context):
    code = ("import sys, gc, json; print(sys.argv, len(gc.get_threshold()), sys.flags, "
            "sys.path[1:], json.dumps({'a': [1, 2]})); sys.stderr.write('err'); sys.exit(7)")
    plain = context.plain(["-c", code, "arg"])
    done = context.recorded(["-c", code, "arg"], status=7)
    assert (plain.stdout, plain.stderr) == (done.stdout, done.stderr), (plain.stdout, done.stdout)


@test
@any_build
def words_that_look_like_objects_are_not_believed(context):
    target = str(context.targets / "dangling.py")
    plain = context.plain([target])
    done = context.recorded([target], status=plain.status)
    assert plain.status == 7, plain.stderr
    assert (plain.stdout, plain.stderr) == (done.stdout, done.stderr), done.stderr
    complete(done.document)
    notes = done.document.processes[0]["trust"]["notes"]
    assert not any("threads were still" in note for note in notes), notes


@test
@any_build
def it_can_be_left_alone(context):
    done = context.target("types_.py", options=["--no-python"])
    process = done.document.processes[0]
    functions = process["totals"]["by_function"]
    assert functions.get("py_obj", 0) == 0 and functions.get("py_mem", 0) == 0, functions
    assert "python" not in process
    assert not any(f.get("kind") == "python" for f in done.document.raw["frames"])


def doctored(context, new):
    """A copy of the interpreter's library that gives itself out for another version."""
    version = ".".join(map(str, context.version))
    lib = Path(os.path.realpath(context.python)).parent.parent / "lib"
    name = f"libpython3.{context.version[1]}.so.1.0"
    if not (lib / name).exists():
        raise Skip("its library is part of the program")
    data = (lib / name).read_bytes()
    place = context.directory / "doctored"
    place.mkdir(exist_ok=True)
    assert len(new) == len(version)
    (place / name).write_bytes(data.replace(version.encode() + b"\0", new.encode() + b"\0"))
    return {"LD_LIBRARY_PATH": str(place), "DOCTORED": str(place)}


@test
def a_version_that_is_not_what_it_says_is_left_alone(context):
    minor, micro = context.version[1:]
    other = {8: 9, 9: 8, 10: 11, 11: 12, 12: 13, 13: 12, 14: 15, 15: 14}[minor]
    for new in (f"3.{other}.{micro}", f"3.{'99' if minor > 9 else '7'}.{micro}"):
        if len(new) != len(".".join(map(str, context.version))):
            continue
        env = doctored(context, new)
        argv = ["env", f"LD_LIBRARY_PATH={env['LD_LIBRARY_PATH']}", context.python, "-c",
                "import sys, json; print(sys.version.split()[0], json.dumps([1]))"]
        report = context.directory / "report.json"
        report.unlink(missing_ok=True)
        done = run.call(run.tenure_argv(context.tenure, str(report), argv), cwd=context.directory)
        assert done.status == 0, (new, done.status, done.stderr[-1000:])
        assert done.stdout == f"{new} [1]\n".encode(), (new, done.stdout)
        document = Document(report)
        notes = [n for p in document.processes for n in p["trust"]["notes"]]
        assert any("Python" in n for n in notes), (new, notes)
        assert not any(f.get("kind") == "python" for f in document.raw["frames"]), new


def main(tests):
    """Run @tests on all interpreters; also for the files beside this one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tenure", required=True, type=lambda p: str(Path(p).resolve()))
    parser.add_argument("--targets", required=True, type=lambda p: Path(p).resolve())
    parser.add_argument("--only", default="")
    options = parser.parse_args()

    number, failed = 0, False
    for python in interpreters():
        version = version_of(python)
        label = "unknown" if version is None else ".".join(map(str, version))
        for function in tests:
            name = f"{python} {label} {function.__name__}"
            if options.only not in name:
                continue
            number += 1
            if version is None or version[:2] not in SUPPORTED:
                print(f"ok {number} - {name} # SKIP not a version that is followed", flush=True)
                continue
            if is_free_threaded(python) not in getattr(function, "builds", (False,)):
                print(f"ok {number} - {name} # SKIP it has {'no ' * is_free_threaded(python)}GIL",
                      flush=True)
                continue
            directory = tempfile.mkdtemp(prefix="tenure-python-")
            try:
                function(Context(options.tenure, options.targets, python, directory))
                print(f"ok {number} - {name}", flush=True)
            except Skip as reason:
                print(f"ok {number} - {name} # SKIP {reason}", flush=True)
            except Exception:
                failed = True
                print(f"not ok {number} - {name}", flush=True)
                print("# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
            finally:
                shutil.rmtree(directory, ignore_errors=True)
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(TESTS))
