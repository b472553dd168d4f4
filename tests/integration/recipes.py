#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The recipes of docs/ci.md for other test runners: meson test and ctest, each run.

    recipes.py TENURE
"""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

LEAK = """
#include <stdlib.h>
int main(int argc, char **argv)
{
	void *volatile kept = malloc(argc > 1 ? (size_t)atoi(argv[1]) : 1);
	return kept == NULL;
}
"""
MESON = """
project('sample', 'c')
exe = executable('leak', 'leak.c')
test('small', exe, args: '1234')
test('large', exe, args: '567890')
"""
CMAKE = """
cmake_minimum_required(VERSION 3.10)
project(sample C)
enable_testing()
add_executable(leak leak.c)
add_test(NAME small COMMAND ${TENURE} $<TARGET_FILE:leak> 1234)
add_test(NAME large COMMAND ${TENURE} $<TARGET_FILE:leak> 567890)
"""

problems = []


def run(top, *command):
    done = subprocess.run(command, cwd=top, capture_output=True, text=True, check=False)
    if done.returncode:
        problems.append(f"{' '.join(command)}: {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def live(reports):
    """What the program itself left in each report."""
    found = []
    for path in glob.glob(reports):
        with open(path, encoding="utf-8") as f:
            document = json.load(f)
        found += [p["totals"]["live_bytes"] for p in document["processes"]
                  if p["exe"].endswith("/leak")]
    return sorted(found)


def check(top, runner, reports):
    found = live(reports)
    if len(found) != 2 or not (1234 in found and 567890 in found):
        problems.append(f"{runner}: the tests left {found}, not 1234 and 567890 bytes")


def main(tenure):
    with tempfile.TemporaryDirectory() as top:
        for name, text in (("leak.c", LEAK), ("meson.build", MESON), ("CMakeLists.txt", CMAKE)):
            with open(os.path.join(top, name), "w", encoding="utf-8") as f:
                f.write(text.lstrip())
        if shutil.which("meson"):
            reports = os.path.join(top, "meson-%p.json")
            run(top, "meson", "setup", "build")
            run(top, "meson", "test", "-C", "build", "--wrapper",
                f"{tenure} run -q --output={reports} --")
            check(top, "meson", os.path.join(top, "meson-*.json"))
        if shutil.which("cmake"):
            reports = os.path.join(top, "ctest-%p.json")
            run(top, "cmake", "-S", ".", "-B", "cbuild",
                f"-DTENURE={tenure};run;-q;--output={reports};--")
            run(top, "cmake", "--build", "cbuild")
            run(os.path.join(top, "cbuild"), "ctest", "--output-on-failure")
            check(top, "ctest", os.path.join(top, "ctest-*.json"))
        else:
            print("cmake is not installed, passed over")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))
    for problem in problems:
        print(problem)
    sys.exit(bool(problems))
