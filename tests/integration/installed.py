#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is installed works where it is put: the header for a program that is built against it,
with and without the shim, and the command, which finds its shim from there.

    installed.py MESON BUILD PREFIX TARGET_SOURCE CC...
"""
import os
import subprocess
import sys
import tempfile

import run
import truth
from report import Report


def install(meson, build, directory):
    done = subprocess.run(
        [meson, "install", "--no-rebuild", "--quiet", "-C", build, "--destdir", directory],
        capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [done.stdout + done.stderr]


def compile_target(cc, prefix, source, program, *flags):
    environ = dict(os.environ, PKG_CONFIG_PATH=":".join(
        os.path.join(path, "pkgconfig") for path, names, _ in os.walk(prefix)
        if "pkgconfig" in names))
    done = subprocess.run(
        ["pkg-config", "--define-variable=prefix=" + prefix, "--cflags", "tenure"],
        capture_output=True, text=True, check=False, env=environ)
    cflags = done.stdout.split() or ["-I" + os.path.join(prefix, "include")]
    done = subprocess.run(
        [*cc, "-O1", "-g", "-fno-builtin", "-fno-optimize-sibling-calls", "-D_GNU_SOURCE",
         "-Wall", "-Wextra", "-Werror", *cflags, *flags, source, "-o", program],
        capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [done.stderr]


def run_both_ways(prefix, program, directory):
    """The program states its truth; it must work alone too."""
    report_path = os.path.join(directory, "report.json")
    truth_path = os.path.join(directory, "truth")
    for path in (report_path, truth_path):
        if os.path.exists(path):
            os.unlink(path)

    plain = run.call([program, "apart"], fd3=os.path.join(directory, "plain"))
    if plain.status != 0:
        return [f"without tenure the program ends with {plain.status}: {plain.stderr}"]
    tenure = os.path.join(prefix, "bin", "tenure")
    profiled = run.call(
        run.tenure_argv(tenure, report_path, [program, "apart"]), fd3=truth_path)
    problems = truth.compare_outcomes(plain, profiled)
    if not os.path.exists(report_path):
        return problems + ["there is no report"]
    return problems + truth.check_all(
        Report(report_path), os.path.basename(program), truth.load(truth_path))


def main(meson, build, prefix, source, *cc):
    with tempfile.TemporaryDirectory(prefix="tenure-test-") as directory:
        problems = install(meson, build, directory)
        prefix = directory + prefix
        program = os.path.join(directory, "custom")
        # The three ways that a weak function may be reached.
        for flags in (["-fPIE", "-pie"], ["-fno-pic", "-no-pie"], ["-fPIE", "-pie", "-O2"]):
            if not problems:
                problems = compile_target(cc, prefix, source, program, *flags)
            if not problems:
                problems = [f"{' '.join(flags)}: {problem}"
                            for problem in run_both_ways(prefix, program, directory)]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
