#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs real programs plain, under heaptrack, memray and tenure, side by side.

The tools take turns (A B C A B C ...) after one warm-up round, so that a
machine that gets slower or faster meanwhile does so for all of them.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import machine
import measure
import parts
import plot
import render
import tools as tools_module
import workloads as workloads_module

HELPERS = ("bench-run", "bench-run-static", "drain", "spawn")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, help="build directory: tenure, bench-run, churn")
    parser.add_argument("--tenure", type=Path, help="tenure to measure (default: of --build)")
    parser.add_argument("--rounds", type=int, default=5, help="measured rounds (default 5)")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the work, one round")
    parser.add_argument("--tools", help="comma-separated, default: all that are installed")
    parser.add_argument("--workloads", help="comma-separated, default: all")
    parser.add_argument("--curves", action="store_true",
                        help="also measure by threads, depth, live blocks and run length")
    parser.add_argument("--python", action="store_true",
                        help="kinds of Python programs instead, beside memray and tracemalloc")
    parser.add_argument("--instructions", action="store_true",
                        help="with --python: also count instructions, with valgrind")
    parser.add_argument("--limits", action="store_true",
                        help="also measure what a thread costs")
    parser.add_argument("--parts", action="store_true",
                        help="also measure captures and the analyzer alone")
    parser.add_argument("--require", help="comma-separated tools whose absence is an error")
    parser.add_argument("--json", type=Path, help="write every run and the summary here")
    parser.add_argument("--from", dest="source", type=Path, help="no runs: figures of a --json file")
    parser.add_argument("--markdown", type=Path, help="replace the tables in this document")
    parser.add_argument("--plots", type=Path, help="write the SVG plots to this directory")
    parser.add_argument("--list", action="store_true", help="name tools and workloads")
    return parser.parse_args()


def choose(everything, names, what):
    """Return those of @everything that are wanted and usable; say why others are not."""
    wanted = names.split(",") if names else None
    unknown = set(wanted or []) - {one.name for one in everything}
    if unknown:
        sys.exit(f"bench: no such {what}: {', '.join(sorted(unknown))}")
    chosen = []
    for one in everything:
        if wanted is not None and one.name not in wanted:
            continue
        why = one.missing()
        if why:
            print(f"bench: {what} {one.name} left out: {why}", file=sys.stderr)
        else:
            chosen.append(one)
    return chosen


def measure_one(workload, tools, rounds, helpers, scratch, warm=()):
    """Return the runs of one workload under all tools in turn.

    The warm-up round passes over those of @warm, which have run before with
    other work; the program itself is always run once before it counts.
    """
    fitting = [tool for tool in tools if tool.fits(workload)]
    answers, runs, failed = {}, [], set()
    for turn in range(rounds + 1):
        for tool in fitting:
            if tool.name in failed or (turn == 0 and tool.name in warm):
                continue
            progress(f"{workload.name} {tool.name} round {turn} of {rounds}")
            try:
                figures, answer = measure.run(tool, workload, helpers, scratch)
            except measure.RunError as exc:
                print(f"\nbench: {workload.name} under {tool.name} failed: {exc}", file=sys.stderr)
                failed.add(tool.name)
                continue
            expected = answers.setdefault("plain", answer)
            if answer != expected:
                print(f"\nbench: {workload.name} answers otherwise under {tool.name}",
                      file=sys.stderr)
                failed.add(tool.name)
            if turn > 0:
                runs.append(dict(figures, round=turn))
    progress("")
    return [run for run in runs if run["tool"] not in failed], failed


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def helper_programs(build):
    here = build / "tests" / "bench"
    helpers = {name: (here / name).resolve() for name in HELPERS + ("churn",)}
    for name in HELPERS:
        if not helpers[name].exists():
            sys.exit(f"bench: {helpers[name]} was not built; try: ninja -C {build}")
    if not helpers["churn"].exists():
        helpers["churn"] = None
    return helpers


def measure_all(args):
    if not args.build:
        sys.exit("bench: which build? try: bench.py --build build")
    helpers = helper_programs(args.build)
    home = workloads_module.scratch_home()
    home.mkdir(exist_ok=True)
    scale = 0.05 if args.quick else 1.0
    rounds = 1 if args.quick else args.rounds
    executable = (args.tenure or args.build / "tenure").resolve()

    library = (args.build / "preload" / "libtenure.so").resolve()
    tools_of, works_of = ((tools_module.python_tools, workloads_module.python_workloads)
                          if args.python else
                          (tools_module.all_tools, workloads_module.all_workloads))
    tools = choose(tools_of(executable, helpers["drain"], library), args.tools, "tool")
    works = choose(works_of(home, helpers, scale), args.workloads, "workload")
    for name in (args.require or "").split(","):
        if name and name not in {tool.name for tool in tools}:
            sys.exit(f"bench: {name} is required and cannot be used")

    document = {
        "machine": machine.describe(),
        "command": os.environ.get("TENURE_BENCH_COMMAND", "tests/bench/bench.py"),
        "began": time.time(),
        "quick": args.quick,
        "rounds": rounds,
        "tools": {tool.name: tool.version() for tool in tools},
        "workloads": [{"name": w.name, "title": w.title} for w in works],
        "runs": [],
        "failed": [],
        "curves": {},
        "python": args.python,
        "limits": [],
        "parts": {},
    }
    warm = set()
    for workload in works:
        workload.prepare()
        runs, failed = measure_one(workload, tools, rounds, helpers, home / "run", warm)
        warm = {tool.name for tool in tools} - {"plain"}
        document["runs"] += runs
        document["failed"] += [[workload.name, name] for name in sorted(failed)]
        print(render.terminal_row(document, workload.name), flush=True)
        save(args, document)
    if args.python and args.instructions:
        count_all(document, works_of, helpers, library, home)
    if args.limits:
        for workload in workloads_module.limit_workloads(home, helpers, scale):
            runs, failed = measure_one(workload, tools, rounds, helpers, home / "run", warm)
            document["limits"] += [dict(run, count=workload.count) for run in runs]
            document["failed"] += [[workload.name, name] for name in sorted(failed)]
    if args.curves:
        measure_curves(document, tools, rounds, helpers, home, scale)
    if args.parts:
        measure_parts(document, args.build, rounds, scale)
    return document


def measure_parts(document, build, rounds, scale):
    try:
        document["parts"] = parts.measure(build, rounds, scale)
    except (OSError, parts.PartError) as exc:
        print(f"bench: parts: {exc}", file=sys.stderr)
        document["failed"].append(["parts", "tenure"])


def count_all(document, works_of, helpers, library, home):
    """Count what more work takes in instructions, without a tool and with the library.

    The difference of two runs leaves out what an interpreter takes to start and to end.
    """
    wanted = {w["name"] for w in document["workloads"]}
    drain = [helpers["drain"]]
    ways = {"plain": [], "tenure": [*drain, library, home / "drained"],
            "tenure-native": [*drain, "--no-python", library, home / "drained"]}
    document["instructions"] = {}
    for few, more in zip(works_of(home, helpers, 0.01), works_of(home, helpers, 0.03)):
        if few.name not in wanted:
            continue
        few.prepare()
        more.prepare()
        document["instructions"][few.name] = {
            name: measure.instructions(way, more, home) - measure.instructions(way, few, home)
            for name, way in ways.items()}


def save(args, document):
    if args.json:
        args.json.write_text(json.dumps(document, indent=1) + "\n")


def measure_curves(document, tools, rounds, helpers, home, scale):
    drawn = [tool for tool in tools if tool.name in plot.TOOLS]
    for axis, points in workloads_module.curve_workloads(home, helpers, scale).items():
        document["curves"][axis] = []
        for x, workload in points:
            runs, failed = measure_one(workload, drawn, rounds, helpers, home / "run",
                                       warm={"heaptrack", "tenure"})
            document["failed"] += [[f"{axis} {x}", name] for name in sorted(failed)]
            document["curves"][axis].append({"x": x, "pairs": workload.blocks(),
                                             "runs": runs})


def main():
    args = parse_arguments()
    if args.list:
        for tool in {t.name: t for t in tools_module.all_tools(None, None, None)
                     + tools_module.python_tools(None, None, None)}.values():
            print(f"tool {tool.name}: {tool.__doc__.splitlines()[0]}")
        for workload in workloads_module.all_workloads(Path("/"), {}, 1.0) + \
                workloads_module.python_workloads(Path("/"), {}, 1.0):
            print(f"workload {workload.name}: {workload.title}")
        return 0

    if args.source:
        document = json.loads(args.source.read_text())
    else:
        document = measure_all(args)
    print()
    print(render.terminal(document))
    save(args, document)
    if args.markdown:
        render.replace_tables(args.markdown, document, args.plots)
    if args.plots:
        args.plots.mkdir(parents=True, exist_ok=True)
        plot.write_all(document, args.plots)
    return 1 if document["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
