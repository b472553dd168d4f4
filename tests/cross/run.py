#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the shim for another processor and profiles a program of it, run by qemu-user.

    run.py TENURE COMPILER QEMU SYSROOT ROOT SOURCE...

The analyzer is this machine's: both have the same byte order and word size.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SHIM_FLAGS = """-std=gnu17 -O2 -g -fPIC -D_GNU_SOURCE -Wall -Wextra -Werror -fvisibility=hidden
    -ftls-model=initial-exec -fno-omit-frame-pointer -fno-stack-protector -fno-builtin-malloc
    -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free""".split()


def run(*command, **how):
    return subprocess.run([str(word) for word in command], check=True, **how)


def build(compiler, root, sources, scratch):
    library, program = scratch / "libtenure.so", scratch / "program"
    objects, running = [], []
    for source in sources:
        objects.append(scratch / (pathlib.Path(source).stem + ".o"))
        running.append(subprocess.Popen(
            [compiler, *SHIM_FLAGS, "-I", f"{root}/include", "-I", f"{root}/preload", "-c", source,
             "-o", objects[-1]]))
        if len(running) == 2 and running.pop(0).wait():
            raise SystemExit(f"cannot compile {source}")
    if any(child.wait() for child in running):
        raise SystemExit("cannot compile the shim")
    run(compiler, "-shared", "-o", library, *objects, "-Wl,-z,now", "-Wl,-z,nodelete", "-Wl,-z,defs",
        f"-Wl,--version-script={root}/preload/libtenure.map")
    run(compiler, "-O1", "-g", "-fno-optimize-sibling-calls", "-pthread",
        pathlib.Path(__file__).parent / "program.c", "-o", program)
    return library, program


def names(report, stack):
    """Return the functions of a stack, outermost first."""
    found = []
    while stack is not None:
        frame, *outer = report["stacks"][stack]
        stack = outer[0] if outer else None
        found.append(report["strings"][report["frames"][frame]["function"]])
    return found[::-1]


def check(report):
    process = report["processes"][0]
    trust = process["trust"]
    assert trust["complete"] and trust["truncated_stacks"] == 0, trust
    by_stack = {}
    for site in process["sites"]:
        functions = names(report, site["stack"])
        for kind in ("pass", "keep"):
            if functions[-2:] == [kind, "take"]:
                key = (kind, "main" if "main" in functions else "other" if "other" in functions
                       else None)
                sums = by_stack.setdefault(key, [0, 0])
                sums[0] += site["allocations"]
                sums[1] += site["live_blocks"]
    assert by_stack == {("pass", "main"): [500, 0], ("pass", "other"): [500, 0],
                        ("keep", "main"): [10, 10]}, by_stack


def main():
    tenure, compiler, qemu, sysroot, root, *sources = sys.argv[1:]
    if not os.path.isdir(sysroot):
        print(f"no {sysroot}: its C library is not installed")
        return 77
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        library, program = build(compiler, root, sources, scratch)
        # qemu is a program of this machine, into which the library cannot be loaded: ld.so says so.
        run(tenure, "run", "--json", scratch / "report.json", "--", shutil.which(qemu) or qemu, "-L",
            sysroot, program, env=dict(os.environ, TENURE_LIB=str(library)),
            stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        check(json.loads((scratch / "report.json").read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
