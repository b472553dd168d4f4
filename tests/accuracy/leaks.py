#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who tells right what is lost: tenure, memcheck, LeakSanitizer on the programs of tests/targets/leaks.

    leaks.py BUILD [--shapes GROUP/SHAPE,...] [--into docs/accuracy.md]

Each program says what it has left behind.  A tool is exact when it says the same: blocks and bytes
that are lost (a cycle with what hangs on it counts as lost, since the others have no such class;
where there is none, those that nothing leads to and those that only lost ones lead to must be
told apart), and those possibly lost, for tools that have the class.  What is reachable must not be
called lost; how it is called otherwise does not matter for the others.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCES = os.path.join(ROOT, "tests/targets/leaks")
sys.path.insert(0, os.path.join(ROOT, "tests/integration"))
import leaks as oracle  # noqa: E402
import run  # noqa: E402

CFLAGS = ["-O0", "-g", "-fno-builtin", "-D_GNU_SOURCE", "-w", "-pthread"]
GROUPS = ["graph", "pointers", "functions", "holders", "life", "cxx", "caches", "constants",
          "jemalloc", "tcmalloc", "tcmalloc_minimal", "mimalloc"]
# What a child loses of what it has from its parent counts for the others, not for tenure: the
# parent still has it.
NOT_COMPARED = {"life/fork-child-forgets"}
BEGIN, END = "<!-- leaks.py: begin -->", "<!-- leaks.py: end -->"


class Sum:
    """What of a shape is lost: its own, through others, possibly."""

    def __init__(self, lost=(0, 0), through=(0, 0), possible=(0, 0), cycles=False):
        self.lost, self.through, self.possible, self.cycles = lost, through, possible, cycles

    def all(self):
        return tuple(a + b for a, b in zip(self.lost, self.through))


def add(*pairs):
    return tuple(map(sum, zip((0, 0), *pairs)))


def truth_of(path):
    total = {name: (0, 0) for name in oracle.CLASSES}
    with open(path, encoding="utf-8") as f:
        for line in map(json.loads, f):
            name = line["class"]
            total[name] = add(total[name], (line["blocks"], line["bytes"]))
    return Sum(add(total["lost"], total["cycle"]), total["lost_through"], total["possible"],
               total["cycle"] != (0, 0))


def differences(truth, found, has_possible):
    """In words, "" for none."""
    words = []
    if truth.all() != found.all():
        words.append(f"lost {found.all()[0]}")
    elif not truth.cycles and truth.lost != found.lost:
        words.append(f"lost {found.lost[0]}, through them {found.through[0]}")
    if has_possible and truth.possible != found.possible:
        words.append(f"possibly {found.possible[0]}")
    if not words:
        return ""
    return ", ".join(words)


class Tool:
    name = ""
    has_possible = True

    def applies(self, group):
        return True

    def look(self, group, shape, truth):
        """A Sum, or why there is none."""
        raise NotImplementedError


class Tenure(Tool):
    name = "tenure"

    def __init__(self, build, directory):
        self.build, self.directory = build, directory

    def look(self, group, shape, truth):
        report = os.path.join(self.directory, "report.json")
        argv = [os.path.join(self.build, "tenure"), "run", "--quiet", "--leaks", "--force",
                "-o", report, "--", program(self.build, group), shape]
        run.call(argv, fd3=truth)
        found = Sum()
        with open(report, encoding="utf-8") as f:
            processes = json.load(f)["processes"]
        with open(truth, encoding="utf-8") as f:
            pids = {json.loads(line)["pid"] for line in f}
        for pid in pids:
            scan = [process for process in processes if process["pid"] == pid][-1].get("leak_scan", {})
            if not scan.get("done"):
                return "does not look"
            counts = {name: (scan["classes"][name]["blocks"], scan["classes"][name]["bytes"])
                      for name in oracle.CLASSES}
            found.lost = add(found.lost, counts["lost"], counts["cycle"])
            found.through = add(found.through, counts["lost_through"])
            found.possible = add(found.possible, counts["possible"])
        return found


class Memcheck(Tool):
    name = "memcheck"

    def __init__(self, build):
        self.build = build

    def look(self, group, shape, truth):
        argv = ["valgrind", "--leak-check=full", "--show-leak-kinds=none", "--trace-children=yes",
                program(self.build, group), shape]
        text = run.call(argv, fd3=truth).stderr.decode(errors="replace")
        found = Sum()
        if "HEAP SUMMARY" not in text:
            return "no result"
        for kind, field in (("definitely", "lost"), ("indirectly", "through"),
                            ("possibly", "possible")):
            for size, blocks in re.findall(kind + r" lost: ([\d,]+) bytes in ([\d,]+) blocks", text):
                pair = (int(blocks.replace(",", "")), int(size.replace(",", "")))
                setattr(found, field, add(getattr(found, field), pair))
        return found


class LeakSanitizer(Tool):
    has_possible = False

    def __init__(self, compiler, directory):
        self.compiler = compiler
        self.name = f"LeakSanitizer ({compiler})"
        self.directory = os.path.join(directory, compiler)
        os.mkdir(self.directory)
        for group in GROUPS:
            if self.applies(group):
                self.compile(group)
        subprocess.run(["gcc", *CFLAGS, "-shared", "-fPIC", "-o",
                        os.path.join(self.directory, "libleaks-plugin.so"),
                        os.path.join(SOURCES, "plugin.c")], check=True)

    def compile(self, group):
        source = os.path.join(SOURCES, group + (".cc" if group == "cxx" else ".c"))
        compiler = {"gcc": "g++", "clang": "clang++"}[self.compiler] if group == "cxx" \
            else self.compiler
        flags = [*CFLAGS, *{"cxx": ["-std=c++17"], "constants": ["-no-pie", "-fno-pie"]}.get(group, [])]
        subprocess.run([compiler, *flags, "-fsanitize=leak", "-Wl,-rpath,$ORIGIN", "-o",
                        os.path.join(self.directory, "leaks-" + group), source, "-ldl"], check=True)

    def applies(self, group):
        return group not in ("jemalloc", "tcmalloc", "tcmalloc_minimal", "mimalloc")

    def look(self, group, shape, truth):
        argv = [os.path.join(self.directory, "leaks-" + group), shape]
        done = run.call(argv, fd3=truth)
        text = done.stderr.decode(errors="replace")
        if "has encountered a fatal error" in text or "SEGV" in text:
            return "fails"
        found = Sum()
        for kind, field in (("Direct", "lost"), ("Indirect", "through")):
            for size, blocks in re.findall(kind + r" leak of (\d+) byte\(s\) in (\d+) object", text):
                setattr(found, field, add(getattr(found, field), (int(blocks), int(size))))
        return found


def program(build, group):
    return os.path.join(build, "tests/targets/leaks/leaks-" + group)


def shapes_of(build, group):
    if not os.path.exists(program(build, group)):
        return []
    return subprocess.run([program(build, group), "--list"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout.split()


def say(truth):
    parts = []
    for what, (blocks, size) in (("lost", truth.lost), ("through them", truth.through),
                                 ("possibly", truth.possible)):
        if blocks:
            parts.append(f"{what} {blocks:,} × {size:,} B" if what == "" else
                         f"{what} {blocks:,} ({size:,} B)")
    return ", ".join(parts) if parts else "nothing lost"


def measure(tools, group, shape, directory):
    cells, truth = [], None
    for tool in tools:
        path = os.path.join(directory, "truth")
        if os.path.exists(path):
            os.unlink(path)
        if not tool.applies(group):
            cells.append("n/a")
            continue
        try:
            found = tool.look(group, shape, path)
        except subprocess.TimeoutExpired:
            found = "hangs"
        said = truth_of(path) if os.path.exists(path) else Sum()
        truth = truth or said
        cells.append(found if isinstance(found, str) else
                     differences(said, found, tool.has_possible) or "✓")
    return cells, truth


def version(argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, text=True,
                          check=True).stdout.splitlines()[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--shapes", help="only these")
    parser.add_argument("--into", help="replace the table in this file")
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)
    only = args.shapes.split(",") if args.shapes else None

    with tempfile.TemporaryDirectory(prefix="tenure-accuracy-") as directory:
        tools = [Tenure(args.build, directory), Memcheck(args.build),
                 LeakSanitizer("gcc", directory), LeakSanitizer("clang", directory)]
        rows, right, asked = [], [0] * len(tools), [0] * len(tools)
        for group in GROUPS:
            for shape in shapes_of(args.build, group):
                if f"{group}/{shape}" in NOT_COMPARED or only and f"{group}/{shape}" not in only:
                    continue
                cells, truth = measure(tools, group, shape, directory)
                rows.append(f"| {group} | {shape} | {say(truth)} | " + " | ".join(cells) + " |")
                for i, cell in enumerate(cells):
                    right[i] += cell == "✓"
                    asked[i] += cell != "n/a"
                print(rows[-1], file=sys.stderr, flush=True)

    names = [tool.name for tool in tools]
    lines = [f"Made by `tests/accuracy/leaks.py BUILD --into docs/accuracy.md`: "
             f"{version(['valgrind', '--version'])}, {version(['gcc', '--version'])}, "
             f"{version(['clang', '--version'])}.", "",
             "| | " + " | ".join(names) + " |", "| --- |" + " --- |" * len(tools),
             "| exact | " + " | ".join(f"**{r} of {a}**" for r, a in zip(right, asked)) + " |", "",
             "| group | shape | truth | " + " | ".join(names) + " |",
             "| --- | --- | --- |" + " --- |" * len(tools), *rows]
    text = "\n".join(lines) + "\n"
    if not args.into:
        print(text)
        return 0
    with open(args.into, encoding="utf-8") as f:
        before, rest = f.read().split(BEGIN)
    with open(args.into, "w", encoding="utf-8") as f:
        f.write(before + BEGIN + "\n\n" + text + "\n" + END + rest.split(END)[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
