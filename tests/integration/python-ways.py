#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The ways Python gets into a process: embedded, in virtual environments, as workers of
multiprocessing, and below libraries that switch stacks.

usage: python-ways.py --tenure TENURE --targets DIRECTORY [--only WORD]
"""
import json
import os
import shutil
import subprocess
import sys

import python as base
import run
from python import Document, Skip, complete, difference

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def report_of(context, argv, env=None):
    report = context.directory / "report.json"
    report.unlink(missing_ok=True)
    done = run.call(run.tenure_argv(context.tenure, str(report), argv), env=env,
                    cwd=context.directory)
    assert done.status == 0, (done.status, done.stderr[-1000:])
    done.document = Document(report)
    return done


def ask_config(context):
    ask = ("import json, sysconfig as s; print(json.dumps([s.get_path('include'), "
           "s.get_path('platinclude')] + [s.get_config_var(n) for n in "
           "('LIBDIR', 'LDVERSION', 'Py_ENABLE_SHARED', 'LIBS', 'LINKFORSHARED', "
           "'INSTSONAME')]))")
    return json.loads(context.plain(["-c", ask]).stdout)


def compiled(context, name, *argv):
    """A program or library of one of the C sources beside the targets."""
    cc = shutil.which("cc")
    if not cc:
        raise Skip("no compiler")
    made = str(context.directory / name.replace(".c", ""))
    done = subprocess.run([cc, "-w", "-o", made, str(context.targets / name), *argv],
                          capture_output=True, check=False)
    said = done.stderr.decode()[-500:]
    if done.returncode and "-lpython" in " ".join(argv):
        raise Skip("its library cannot be linked: " + said[-200:])
    assert done.returncode == 0, said
    return made


def build_embedded(context, name="embedded.c"):
    include, platform, libdir, version, shared, libs, flags, _ = ask_config(context)
    if not os.path.exists(os.path.join(include, "Python.h")):
        raise Skip("this interpreter comes without its headers")
    argv = [f"-I{include}", f"-I{platform}", f"-L{libdir}", f"-lpython{version}"]
    argv += [f"-Wl,-rpath,{libdir}"] if shared else [*flags.split(), *libs.split(), "-lm", "-ldl"]
    return compiled(context, name, *argv)


def home_of(context):
    home = os.path.dirname(os.path.dirname(os.path.realpath(context.python)))
    return {"PYTHONHOME": home} if "pyenv" in home else None


@test
def an_embedded_interpreter_is_followed_each_time_it_starts(context):
    done = report_of(context, [build_embedded(context)], home_of(context))
    complete(done.document)
    types = done.document.types()
    made = {name: types.get(f"__main__.{name}", {}).get("allocations")
            for name in ("Thing1", "Thing2")}
    assert made == {"Thing1": 1000, "Thing2": 1000}, made
    names = {frame[2].split(".")[0] for site in done.document.processes[0]["sites"]
             for frame in done.document.python_stack(site.get("stack"))}
    assert {"round_1", "round_2"} <= names, sorted(names)[:20]


@test
def functions_of_the_program_may_stand_between_python_and_its_allocator(context):
    done = report_of(context, [build_embedded(context, "wrapped.c")], home_of(context))
    complete(done.document)
    made = done.document.types().get("__main__.Thing", {}).get("allocations")
    assert made == 1000, made


@test
def an_interpreter_may_be_unloaded(context):
    libdir, soname = (ask_config(context)[i] for i in (2, 7))
    library = os.path.join(libdir, soname)
    if ".so" not in soname or not os.path.exists(library):
        raise Skip("this interpreter has no shared library")
    program = compiled(context, "unloaded.c", "-ldl")
    done = report_of(context, [program, library], home_of(context))
    complete(done.document)
    notes = " ".join(done.document.processes[0]["trust"].get("notes", []))
    gone = done.stdout == b"gone\n"
    assert ("unloaded" in notes) == gone, (done.stdout, notes)


@test
def a_thread_may_be_left_behind_by_its_interpreter(context):
    library = compiled(context, "left-behind.c", "-shared", "-fPIC")
    done = report_of(context, [context.python, str(context.targets / "left-behind.py"), library])
    assert done.stdout == b"end\n", done.stdout
    complete(done.document)


@test
def a_virtual_environment_is_like_its_interpreter(context):
    place = context.directory / "venv"
    made = context.plain(["-m", "venv", "--without-pip", str(place)])
    if made.status != 0:
        raise Skip("it has no venv")
    done = report_of(context, [str(place / "bin/python"), "-c",
                               "import sys; print(sys.prefix != sys.base_prefix, sys.flags)\n"
                               "class Thing: pass\nkept = [Thing() for i in range(500)]"])
    complete(done.document)
    assert done.stdout.startswith(b"True"), done.stdout
    assert done.document.types()["__main__.Thing"]["allocations"] == 500


@test
def what_is_freed_while_recording_rests_is_not_alive(context):
    done = report_of(context, [context.python, "-c",
                               "import ctypes\n"
                               "class Thing: pass\n"
                               "kept = [Thing() for i in range(1000)]\n"
                               "stop = ctypes.CDLL(None).tenure_hook_stop\n"
                               "stop()\n"
                               "kept = None\n"])
    thing = done.document.types()["__main__.Thing"]
    assert (thing["allocations"], thing["live_blocks"]) == (1000, 0), thing


def check_workers(context, method):
    argv = [context.python, str(context.targets / "workers.py"), method]
    done = report_of(context, argv)
    assert done.stdout == b"6000\n", (done.stdout, done.stderr[-500:])
    made = 0
    for i, process in enumerate(done.document.processes):
        for name, entry in done.document.types(i).items() if "types" in process else ():
            if name.endswith(".InWorker"):
                made += entry["allocations"]
    assert made == 6000, made


@test
def forked_workers_are_followed(context):
    check_workers(context, "fork")


@test
def spawned_workers_are_followed(context):
    check_workers(context, "spawn")


@test
def greenlets_have_their_own_stacks(context):
    plain = context.plain([str(context.targets / "greenlets.py")])
    if plain.status == 77:
        raise Skip(plain.stdout.decode().strip())
    done = context.target("greenlets.py")
    complete(done.document)
    want = {}
    for size, names in done.truth["told"].items():
        want.setdefault(tuple(names), 0)
        want[tuple(names)] += int(size) + done.truth["overhead"]
    got = {}
    for site in done.document.processes[0]["sites"]:
        names = tuple(f[2] for f in done.document.python_stack(site.get("stack")))
        if names[-1:] == ("probe",) and site["bytes"] >= 200000:
            got[names] = got.get(names, 0) + site["bytes"]
    difference(got, want, "stacks of greenlets")


@test
@base.any_build
def tracemalloc_counts_what_it_counts_without(context):
    for mode in ("env", "once", "often", "deep"):
        env = {"PYTHONTRACEMALLOC": "5"} if mode == "env" else {}
        argv = [str(context.targets / "tracemalloc_.py"), mode]
        plain = context.plain(argv, env=env)
        assert plain.status == 0, plain.stderr[-1000:]
        done = context.recorded(argv, env=env)
        complete(done.document)
        assert (done.stdout, done.stderr) == (plain.stdout, plain.stderr), (
            mode, plain.stdout, done.stdout)


if __name__ == "__main__":
    sys.exit(base.main(TESTS))
