#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A Python program with a C extension goes through the life of a memory gate.

    gate-project.py [--repeats N] TENURE PROJECT
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import python

MIB = 1 << 20
SKIPPED = 77
PEAK = 24 * MIB

COLLECTING = """
import gc
import sys
kept = []
for turn in range(12):
    if "leak" in sys.argv:
        kept.append(bytearray(1000))
    gc.collect()
"""


class Story:
    """tenure in a directory that holds the project and its extension."""

    def __init__(self, tenure, project, interpreter, directory):
        self.tenure = tenure
        self.interpreter = interpreter
        self.directory = directory
        self.problems = []
        shutil.copytree(project, directory, dirs_exist_ok=True)
        self.env = {**os.environ, "HOME": str(directory), "PYTHONDONTWRITEBYTECODE": "1",
                    "PYTHONPATH": str(project.parents[2] / "scripts")}
        self.env.pop("TENURE_CONFIG", None)
        build = project.parents[1] / "targets/ext/build.py"
        done = subprocess.run([interpreter, str(build), str(directory), str(project / "labels.c")],
                              capture_output=True, text=True, check=False)
        if done.returncode == 77:
            raise python.Skip(done.stdout.strip())
        assert done.returncode == 0, done.stdout

    def check(self, *words, status, options=(), app="app.py"):
        """`tenure check` of the program.  Return: what it prints, and its report if it is kept."""
        for old in self.directory.glob("tenure-*.json"):
            old.unlink()
        done = subprocess.run(
            [self.tenure, "check", *options, "--", self.interpreter, app, *words],
            cwd=self.directory, env=self.env, text=True, capture_output=True, timeout=120,
            check=False)
        out = done.stdout + done.stderr
        if done.returncode != status:
            self.problems.append(f"check {' '.join(words)}: {done.returncode}, not {status}\n{out}")
        kept = list(self.directory.glob("tenure-*.json"))
        return out, json.loads(kept[0].read_text()) if kept else None

    def expect(self, condition, text):
        if not condition:
            self.problems.append(text)

    def line_of(self, text):
        """path:line of the one line of the package that holds @text."""
        lines = (self.directory / "orders/basket.py").read_text().splitlines()
        numbers = [n for n, line in enumerate(lines, 1) if text in line]
        assert len(numbers) == 1, (text, numbers)
        return f"orders/basket.py:{numbers[0]}"


def green(story):
    out, report = story.check(status=0)
    story.expect("pass" in out.lower() and report is None, f"green: {out}")


def a_leak(story):
    out, report = story.check("leak", status=23)
    story.expect("bytes per iteration" in out, f"leak: no slope in {out}")
    story.expect(story.line_of("labels.leaky_label(") in out, f"leak: no line in {out}")
    story.expect("leaky_label" in out, f"leak: no function of the extension in {out}")
    growth = [v for v in report["gate"]["violations"] if v["rule"] == "growth"] if report else []
    story.expect(len(growth) == 1 and 16 <= growth[0]["got"] <= 128, f"leak: {growth}")


def peaks(story):
    """Against a baseline: 2 per cent more is nothing, 8 per cent more is a violation."""
    subprocess.run([story.tenure, "run", "-q", "-f", "-o", "green.json", "--",
                    story.interpreter, "app.py"],
                   cwd=story.directory, env=story.env, check=True, capture_output=True)
    subprocess.run([story.tenure, "baseline", "save", "green.json"],
                   cwd=story.directory, env=story.env, check=True, capture_output=True)
    options = ["--baseline=.tenure-baseline.json"]
    story.check(status=0, options=options)
    story.check(f"keep={PEAK * 2 // 100}", status=0, options=options)
    out, _ = story.check(f"keep={PEAK * 8 // 100 + MIB}", status=23, options=options)
    story.expect("peak" in out and "app.py" in out, f"peak: {out}")


def move(story):
    package = story.directory / "orders"
    text = (package / "basket.py").read_text()
    (package / "shelf.py").write_text("# Moved here.\n\n\n" + text)
    (package / "basket.py").write_text("from orders.shelf import *\n")


def move_back(story):
    package = story.directory / "orders"
    text = (package / "shelf.py").read_text()
    (package / "basket.py").write_text(text.removeprefix("# Moved here.\n\n\n"))
    (package / "shelf.py").unlink()


def moved_code(story):
    """The same functions from another module, and other lines, pass against the baseline."""
    move(story)
    story.check(status=0, options=["--baseline=.tenure-baseline.json"])
    move_back(story)


def cut_off(story):
    out, report = story.check("kill", status=128 + 9)
    story.expect(report and report["gate"]["status"] == "inconclusive", f"killed: {out}")


def budgets(story):
    """Of a package, a type and the collector: each just enough, and just too little."""
    def limit(text, status, *words, app="app.py"):
        return story.check(*words, status=status, options=["--limit=growth=off," + text], app=app)[0]

    limit("package:orders/allocations=100000,type:orders.basket.Basket/allocations=20", 0)
    out = limit("package:orders/allocations=100", 23)
    story.expect("package:orders" in out and "orders/basket.py" in out, f"package: {out}")
    out = limit("type:orders.basket.Basket/allocations=19", 23)
    story.expect("type:orders.basket.Basket" in out, f"type: {out}")
    out = limit("mark:turn/live=1MiB", 23)
    story.expect("live at the mark" in out, f"mark: {out}")
    limit(f"mark:tu*/live={PEAK + 4 * MIB}", 0)
    limit("collected=100000,uncollectable=0,gc-pause=60s", 0, "cycle", "collect")
    out = limit("package:orders/collected=10", 23, "cycle", "collect")
    story.expect("only the collector could free" in out, f"collected: {out}")
    out = limit("gc-pause=1ns", 23, "collect")
    story.expect("longest run of the collector" in out, f"pause: {out}")


def a_cycle(story):
    """Lines that know their basket: the edge back to it is the one to weaken."""
    options = ["--limit=growth=off,cycles=0"]
    story.check("collect", status=0, options=options)
    out, report = story.check("cycle", "collect", status=23, options=options)
    story.expect("orders.basket.Line.basket -> orders.basket.Basket" in out, f"cycle: {out}")
    cycles = [v for v in report["gate"]["violations"] if v["rule"] == "cycle"] if report else []
    story.expect([v["got"] for v in cycles] == [20], f"cycle: {cycles}")
    story.check("cycle", "collect", status=0, options=["--limit=growth=off,cycles=20"])
    story.check("cycle", "collect", status=0,
                options=["--limit=growth=off,type:orders.basket.Other/cycles=0"])


def new_cycles(story):
    """Against a baseline without them they are violations; accepted or only moved they are not."""
    options = ["--baseline=cycles.json"]

    def baseline(*words):
        done = subprocess.run([story.tenure, "baseline", "--baseline=cycles.json", *words],
                              cwd=story.directory, env=story.env, capture_output=True, text=True,
                              check=False)
        story.expect(done.returncode == 0, f"baseline {' '.join(words)}: {done.stderr}")
        return done.stdout

    def run(name, *words):
        subprocess.run([story.tenure, "run", "--cycles=all", "-q", "-f", "-o", name, "--",
                        story.interpreter, "app.py", *words],
                       cwd=story.directory, env=story.env, check=True, capture_output=True)

    run("green.json", "collect")
    run("cycle.json", "cycle", "collect")
    baseline("save", "green.json")
    story.check("collect", status=0, options=options)
    out, report = story.check("cycle", "collect", status=23, options=options)
    story.expect("new: 20 cycles of 1" in out and
                 "orders.basket.Line.basket -> orders.basket.Basket" in out, f"new cycle: {out}")
    cycles = [v for v in report["gate"]["violations"] if v["rule"] == "cycle"] if report else []
    story.expect([v["got"] for v in cycles] == [20] and cycles[0]["baseline"] == 0, f"{cycles}")
    for violation in cycles:
        baseline("accept", "--reason=for now", violation["sig"], "cycle.json")
    story.check("cycle", "collect", status=0, options=options)
    story.expect("# for now" in baseline("show"), "the reason is not kept")
    story.check("cycle", "collect", "turns=30", status=23, options=options)
    move(story)
    out, _ = story.check("cycle", "collect", status=0, options=options)
    story.expect("code that has moved" in out, f"moved cycle: {out}")
    move_back(story)
    baseline("update", "green.json")
    story.check("cycle", "collect", status=23, options=options)


def always_green(story, times):
    for _ in range(times):
        story.check("threads=8", status=0)


def collections_as_checkpoints(story):
    """Without marks growth is judged between full collections."""
    (story.directory / "collecting.py").write_text(COLLECTING)
    story.check(status=0, app="collecting.py")
    out, _ = story.check("leak", status=23, app="collecting.py")
    story.expect("bytes per full collection" in out and "collecting.py:7" in out,
                 f"collections: {out}")


def tell(interpreter, arguments):
    with tempfile.TemporaryDirectory() as directory:
        story = Story(os.path.abspath(arguments.tenure), Path(arguments.project).resolve(),
                      interpreter, Path(directory).resolve())
        green(story)
        a_leak(story)
        peaks(story)
        moved_code(story)
        cut_off(story)
        budgets(story)
        a_cycle(story)
        new_cycles(story)
        collections_as_checkpoints(story)
        always_green(story, arguments.repeats)
        return story.problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--all", action="store_true", help="with every interpreter that is found")
    parser.add_argument("tenure")
    parser.add_argument("project")
    arguments = parser.parse_args()

    status = SKIPPED
    for interpreter in python.interpreters():
        version = python.version_of(interpreter)
        if not version or version[:2] not in python.SUPPORTED:
            continue
        try:
            problems = tell(interpreter, arguments)
        except python.Skip as skip:
            print(f"{interpreter}: skipped: {skip}")
            continue
        for problem in problems:
            print(f"{interpreter}: {problem}")
        if problems:
            return 1
        status = 0
        if not arguments.all:
            break
    return status


if __name__ == "__main__":
    sys.exit(main())
