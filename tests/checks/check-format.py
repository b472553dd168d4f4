#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""C and C++ files are laid out as .clang-format says; skipped without clang-format 14.

    check-format.py ROOT
"""
import shutil
import subprocess
import sys

import tree


def is_wanted(program):
    """Other versions lay some lines out differently."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return "version 14." in done.stdout


def main(root):
    program = shutil.which("clang-format-14") or shutil.which("clang-format")
    if not program or not is_wanted(program):
        print("no clang-format 14 here")
        return 77
    paths = tree.files(root, ".c", ".h", ".cc")
    done = subprocess.run(
        [program, "--dry-run", "-Werror", *paths], cwd=root, capture_output=True, text=True,
        check=False)
    bad = sorted({line.split(":")[0] for line in done.stderr.splitlines() if ": error:" in line})
    if done.returncode != 0 and not bad:
        bad = [done.stderr]
    return tree.finish([f"{path}: run clang-format -i" for path in bad])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
