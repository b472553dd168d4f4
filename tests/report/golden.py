#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The text of a recorded report is the text that was agreed on.

    golden.py PRINT DIRECTORY [--update]

DIRECTORY holds run.json and, per width, WIDTH.txt.  80 columns are printed as in a locale
without UTF-8, more with it.
"""
import difflib
import os
import subprocess
import sys
import unicodedata


def width(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def main(program, directory, update=None):
    bad = False
    for columns in (80, 120):
        path = os.path.join(directory, f"{columns}.txt")
        got = subprocess.run([program, "text", os.path.join(directory, "run.json"), str(columns)],
                             check=True, capture_output=True).stdout.decode()
        if update:
            with open(path, "w", encoding="utf-8") as f:
                f.write(got)
        with open(path, encoding="utf-8") as f:
            want = f.read()
        if got != want:
            bad = True
            sys.stdout.writelines(difflib.unified_diff(
                want.splitlines(True), got.splitlines(True), path, "printed"))
        for line in got.splitlines():
            if width(line) > columns and not line.startswith("next: "):
                bad = True
                print(f"{path}: wider than {columns} columns: {line}")
            if line != line.rstrip():
                bad = True
                print(f"{path}: spaces at the end: {line!r}")
        if columns == 80 and not got.isascii():
            bad = True
            print("more than ASCII without UTF-8")
    return bad


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
