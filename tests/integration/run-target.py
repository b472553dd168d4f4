#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one target plainly and under tenure; the report must say what the target says.

    run-target.py --tenure BUILD/tenure [--env NAME=VALUE]... [--repeat N] TARGET [ARG]...
    run-target.py --tenure BUILD/tenure --alone BUILD/preload/libtenure.so TARGET [ARG]...
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import run
import truth
from report import Report


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tenure", required=True)
    parser.add_argument("--env", action="append", default=[])
    parser.add_argument("--option", action="append", default=[], help="for tenure run")
    parser.add_argument("--alone", help="preload this library, without tenure run")
    parser.add_argument("--anyone", metavar="LIBRARY",
                        help="preload a copy of this library that every user can reach")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--replay", metavar="SCHEMA",
                        help="also record, make the report again, and check it by this schema")
    parser.add_argument("--keep", help="leave the report here")
    parser.add_argument("target")
    parser.add_argument("args", nargs=argparse.REMAINDER)
    return parser.parse_args()


def run_alone(args, env, report_path, truth_path):
    """The shim starts its own analyzer, which writes the report when the program has ended."""
    alone = {"LD_PRELOAD": os.path.abspath(args.alone), "TENURE_OUTPUT": report_path,
             "TENURE_COLLECT": os.path.abspath(args.tenure)}
    profiled = run.call([args.target, *args.args], env={**env, **alone}, fd3=truth_path)
    deadline = time.monotonic() + 20
    while not os.path.exists(report_path) and time.monotonic() < deadline:
        time.sleep(0.01)
    return profiled


def one_round(args, env, directory, plain):
    report_path = os.path.join(directory, "report.json")
    truth_path = os.path.join(directory, "truth")
    for path in (report_path, truth_path):
        if os.path.exists(path):
            os.unlink(path)

    if args.alone:
        profiled = run_alone(args, env, report_path, truth_path)
    else:
        options = [*args.option]
        if args.replay:
            options += ["--force", "--record", os.path.join(directory, "capture.tnr")]
        argv = run.tenure_argv(args.tenure, report_path, [args.target, *args.args], *options)
        profiled = run.call(argv, env=env, fd3=truth_path)
    problems = truth.compare_outcomes(plain, profiled)
    if args.keep and os.path.exists(report_path):
        shutil.copy(report_path, args.keep)
    if not os.path.exists(report_path):
        return problems + ["there is no report"]

    report = Report(report_path)
    problems += truth.check_all(report, os.path.basename(args.target), truth.load(truth_path))
    if args.replay:
        problems += check_replay(args, directory, report_path)
    return problems


def check_replay(args, directory, report_path):
    """The same report comes from the capture, and it is what the schema says."""
    again_path = os.path.join(directory, "again.json")
    done = subprocess.run(
        [args.tenure, "report", "--quiet", "--force", "--json", again_path,
         os.path.join(directory, "capture.tnr")], capture_output=True, text=True, check=False)
    if done.returncode != 0 or done.stderr:
        return [f"tenure report ends with {done.returncode}: {done.stderr}"]
    with open(report_path, "rb") as live, open(again_path, "rb") as again:
        problems = [] if live.read() == again.read() else ["the capture gives another report"]

    try:
        import jsonschema
    except ImportError:
        print("no jsonschema here: the report is not checked by it")
        return problems
    with open(args.replay, encoding="utf-8") as schema, open(again_path, encoding="utf-8") as f:
        validator = jsonschema.validators.validator_for(schema_json := json.load(schema))
        for error in list(validator(schema_json).iter_errors(json.load(f)))[:5]:
            problems.append(f"schema: {error.json_path}: {error.message[:200]}")
    return problems


def main():
    args = arguments()
    env = dict(pair.split("=", 1) for pair in args.env)

    with tempfile.TemporaryDirectory(prefix="tenure-test-") as directory:
        if args.anyone:
            os.chmod(directory, 0o755)
            env["TENURE_LIB"] = shutil.copy(args.anyone, directory)
            os.chmod(env["TENURE_LIB"], 0o755)
        plain = run.call(
            [args.target, *args.args], env=env, fd3=os.path.join(directory, "plain-truth"))
        if plain.status in (98, 99):
            print(f"the target does not work plainly: {plain.stderr.decode()}")
            return 1
        for number in range(args.repeat):
            problems = one_round(args, env, directory, plain)
            for problem in problems:
                print(problem if args.repeat == 1 else f"round {number}: {problem}")
            if problems:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
