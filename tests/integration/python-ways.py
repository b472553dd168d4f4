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


def build_embedded(context):
    ask = ("import json, sysconfig as s; print(json.dumps([s.get_path('include'), "
           "s.get_path('platinclude')] + [s.get_config_var(n) for n in "
           "('LIBDIR', 'LDVERSION', 'Py_ENABLE_SHARED', 'LIBS', 'LINKFORSHARED')]))")
    include, platform, libdir, version, shared, libs, flags = json.loads(
        context.plain(["-c", ask]).stdout)
    cc = shutil.which("cc")
    if not cc or not os.path.exists(os.path.join(include, "Python.h")):
        raise Skip("no compiler, or this interpreter comes without its headers")
    program = str(context.directory / "embedded")
    argv = [cc, "-w", f"-I{include}", f"-I{platform}", "-o", program,
            str(context.targets / "embedded.c"), f"-L{libdir}", f"-lpython{version}"]
    argv += [f"-Wl,-rpath,{libdir}"] if shared else [*flags.split(), *libs.split(), "-lm", "-ldl"]
    done = subprocess.run(argv, capture_output=True, check=False)
    if done.returncode:
        raise Skip("its library cannot be linked: " + done.stderr.decode()[-200:])
    return program


@test
def an_embedded_interpreter_is_followed_each_time_it_starts(context):
    program = build_embedded(context)
    home = os.path.dirname(os.path.dirname(os.path.realpath(context.python)))
    done = report_of(context, [program], {"PYTHONHOME": home} if "pyenv" in home else None)
    complete(done.document)
    types = done.document.types()
    made = {name: types.get(f"__main__.{name}", {}).get("allocations")
            for name in ("Thing1", "Thing2")}
    assert made == {"Thing1": 1000, "Thing2": 1000}, made
    names = {frame[2].split(".")[0] for site in done.document.processes[0]["sites"]
             for frame in done.document.python_stack(site.get("stack"))}
    assert {"round_1", "round_2"} <= names, sorted(names)[:20]


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


if __name__ == "__main__":
    sys.exit(base.main(TESTS))
