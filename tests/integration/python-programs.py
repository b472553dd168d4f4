#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Other people's Python programs under tenure: the same results as without, and a
report that has their lines.

usage: python-programs.py --tenure TENURE --targets DIRECTORY [--only WORD]
"""
import re
import sys

import python as base
import run
from python import Skip, complete

SUITE_TIMEOUT = 1500
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def same_as_alone(context, name):
    """The target's output and status as without tenure; a complete report with its lines."""
    path = str(context.targets / name)
    plain = context.plain([path])
    if plain.status == 77:
        raise Skip(plain.stdout.decode().strip())
    assert plain.status == 0, (plain.status, plain.stderr[-1000:])
    done = context.recorded([path])
    assert (done.stdout, done.stderr) == (plain.stdout, plain.stderr), (plain.stdout, done.stdout)
    complete(done.document)
    lines = {frame[2] for site in done.document.processes[0]["sites"]
             for frame in done.document.python_stack(site.get("stack")) if frame[0] == path}
    for wanted in re.findall(r"^def (\w+)\(.*# shows$", open(path).read(), re.M):
        assert wanted in lines, f"{wanted}() is not in the report: {sorted(lines)}"
    return done.document


@test
def a_django_project_answers_requests(context):
    document = same_as_alone(context, "django_.py")
    files = {frame[0] for site in document.processes[0]["sites"]
             for frame in document.python_stack(site.get("stack"))}
    assert any("/django/template/" in f for f in files), "the template engine is not seen"


@test
def pandas_and_numpy_count_their_buffers(context):
    document = same_as_alone(context, "pandas_.py")
    big = [site for site in document.processes[0]["sites"] if site["bytes"] >= 8000000]
    shown = {frame[2] for site in big for frame in document.python_stack(site.get("stack"))}
    assert "make_columns" in shown, shown


@test
def a_program_may_use_memray_itself(context):
    path = str(context.targets / "memray_.py")
    plain = context.plain([path])
    if plain.status == 77:
        raise Skip(plain.stdout.decode().strip())
    done = context.recorded([path])
    assert plain.stdout == b"(200, True)\n" * 2, (plain.stdout, plain.stderr[-1000:])
    assert done.stdout == plain.stdout, (done.stdout, done.stderr[-1000:])
    assert done.document.types()["__main__.Thing"]["allocations"] == 240


def own_suite(context, module):
    """CPython's own tests of @module end as they do without tenure."""
    if context.plain(["-c", f"import test.{module}"]).status != 0:
        raise Skip("this interpreter comes without its tests")
    argv = [context.python, "-m", "test", "-q", module]
    report = context.directory / "report.json"
    plain = run.call(argv, cwd=context.directory, timeout=SUITE_TIMEOUT)
    done = run.call(run.tenure_argv(context.tenure, str(report), argv), cwd=context.directory,
                    timeout=SUITE_TIMEOUT)
    assert done.status == plain.status, (done.status, done.stderr[-2000:])
    complete(base.Document(report))
    verdict = re.compile(rb"Result: (\w+)|(\d+) tests? (?:OK|failed)")
    assert verdict.findall(plain.stdout) == verdict.findall(done.stdout), done.stdout[-2000:]


@test
def its_own_tests_of_gc_end_as_without(context):
    own_suite(context, "test_gc")


@test
def its_own_tests_of_json_end_as_without(context):
    own_suite(context, "test_json")


@test
def its_own_tests_of_asyncio_end_as_without(context):
    own_suite(context, "test_asyncio")


if __name__ == "__main__":
    sys.exit(base.main(TESTS))
