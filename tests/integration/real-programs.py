#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs real programs under tenure and the independent counter at once: the figures of every
process image must be equal, and the program must do what it does without both.

    real-programs.py --tenure BUILD/tenure --counter LIBCOUNTER CASE
    real-programs.py --list
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

import counter
import programs
import run
from report import Report

SKIP = 77


class Bench:
    """One case: where it runs, and with what in front of the program."""

    def __init__(self, args, directory):
        self.args = args
        self.directory = directory
        self.report = os.path.join(directory, "report.json")
        self.figures = os.path.join(directory, "figures")
        os.mkdir(self.figures)
        self.env = {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}

    def path(self, name):
        return os.path.join(self.directory, name)

    def counted(self, argv):
        """@argv under both; the counter in front, so that it sees what the program asks for."""
        # With its provider, Python's own blocks stand for what it takes from malloc.
        shim = os.path.join(os.path.dirname(self.args.tenure), "preload", "libtenure.so")
        return run.tenure_argv(
            self.args.tenure, self.report,
            ["env", f"COUNTER_DIRECTORY={self.figures}",
             f"LD_PRELOAD={self.args.counter}:{shim}", *argv],
            "--no-python")

    def alone(self, argv):
        """@argv under the counter only, as the plain run."""
        directory = os.path.join(self.directory, "alone")
        os.makedirs(directory, exist_ok=True)
        return ["env", f"COUNTER_DIRECTORY={directory}", f"LD_PRELOAD={self.args.counter}", *argv]


# ------------------------------------------------------------- the comparison

def compare_image(figures, process):
    totals = process.totals
    said = {
        "allocations": totals["allocations"],
        "bytes": totals["allocated_bytes"],
        "frees": totals["frees"] + totals["inherited_frees"],
        "reallocs": totals["reallocs"],
        **{name: process.by_function.get(name, 0) for name in counter.FUNCTIONS},
    }
    truth = {
        "allocations": figures.allocations, "bytes": figures.bytes, "frees": figures.frees,
        "reallocs": figures.reallocs, **figures.calls,
    }
    for key, value in truth.items():
        if said[key] != value:
            yield (f"{process.name}[{process.pid}] {key}: the counter has {value},"
                   f" the report {said[key]} ({figures.inner} inner calls, trust {process.trust})")
    if not process.trust["complete"]:
        yield f"{process.name}[{process.pid}] is not complete: {process.trust}"


def compare_with_counter(report, figures):
    """Image by image: by process id, in the order they came up."""
    problems = []
    counted = [f for f in figures if f.allocations + f.frees > 0]
    if not counted and any(p.totals["allocations"] for p in report.processes if p.name != "env"):
        problems.append("the counter counted nothing")
    for pid in sorted({f.pid for f in counted}):
        mine = [f for f in counted if f.pid == pid]
        # The first image of the tree is env itself, before the counter was there.
        theirs = [p for p in report.images(pid) if p.totals["allocations"] + p.totals["frees"]
                  + p.totals["inherited_frees"] > 0]
        theirs = theirs[-len(mine):]
        if len(mine) != len(theirs):
            problems.append(f"process {pid}: {mine} in the counter, {theirs} in the report")
            continue
        for image, process in zip(mine, theirs):
            problems += compare_image(image, process)
    return problems


def compare_with_plain(bench, figures):
    """Deterministic programs: the counter saw the same when tenure was not there."""
    alone = counter.read(bench.path("alone"))

    def summary(images):
        return sorted((f.exe, f.allocations, f.bytes, f.frees) for f in images)

    if summary(alone) != summary(figures):
        return [f"without tenure: {summary(alone)}", f"with tenure:    {summary(figures)}"]
    return []


def compare_with_valgrind(bench, argv, report):
    valgrind = shutil.which("valgrind")
    if not valgrind:
        print("no valgrind here: not compared with it")
        return []
    done = subprocess.run(
        [valgrind, "--leak-check=no", "--run-libc-freeres=no", "--run-cxx-freeres=no", *argv],
        capture_output=True, text=True, errors="replace", check=False,
        env={**os.environ, **bench.env})
    found = re.search(r"total heap usage: ([\d,]+) allocs, ([\d,]+) frees, ([\d,]+) bytes",
                      done.stderr)
    if not found:
        return [f"valgrind says nothing: {done.stderr[-300:]}"]
    truth = [int(group.replace(",", "")) for group in found.groups()]
    totals = report.named(os.path.basename(os.path.realpath(argv[0])))[-1].totals
    said = [totals["allocations"], totals["frees"], totals["allocated_bytes"]]
    if truth != said:
        return [f"valgrind has {truth} (allocations, frees, bytes), the report {said}"]
    return []


def run_program(bench, case):
    argv = case(bench)
    plain = run.call(bench.alone(argv), env=bench.env, cwd=bench.directory)
    profiled = run.call(bench.counted(argv), env=bench.env, cwd=bench.directory)
    problems = [f"{key}: {getattr(plain, key)[-300:]!r} without tenure, "
                f"{getattr(profiled, key)[-300:]!r} with it"
                for key in ("stdout", "stderr") if getattr(plain, key) != getattr(profiled, key)]
    if plain.status != profiled.status:
        problems.append(f"status {plain.status} without tenure, {profiled.status} with it")
    if not os.path.exists(bench.report):
        return problems + ["there is no report"]

    report = Report(bench.report)
    figures = counter.read(bench.figures)
    problems += compare_with_counter(report, figures)
    if case in programs.DETERMINISTIC:
        problems += compare_with_plain(bench, figures)
    if case in programs.VALGRIND:
        problems += compare_with_valgrind(bench, argv, report)
    return problems


def run_server(bench, case):
    plain = case(bench, lambda argv: argv)
    profiled = case(bench, bench.counted)
    problems = []
    if plain != profiled:
        problems.append(f"without tenure: {plain}\nwith tenure:    {profiled}")
    return problems + compare_with_counter(Report(bench.report), counter.read(bench.figures))


def main():
    cases = {
        case.__name__.replace("_", "-"): case for case in programs.PROGRAMS + programs.SERVERS}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tenure")
    parser.add_argument("--counter")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("case", nargs="?", choices=sorted(cases))
    args = parser.parse_args()

    if args.tenure:
        args.tenure = os.path.abspath(args.tenure)
        args.counter = os.path.abspath(args.counter)
    os.environ.pop("LD_LIBRARY_PATH", None)
    if args.list:
        print("\n".join(sorted(cases)))
        return 0
    case = cases[args.case]
    with tempfile.TemporaryDirectory(prefix="tenure-test-") as directory:
        os.chmod(directory, 0o755)
        bench = Bench(args, directory)
        try:
            problems = (run_server if case in programs.SERVERS else run_program)(bench, case)
        except programs.Missing as missing:
            print(missing)
            return SKIP
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
