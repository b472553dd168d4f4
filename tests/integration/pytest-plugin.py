#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/tenure_pytest.py under pytest, with and without tenure and pytest-xdist.

    pytest-plugin.py TENURE SCRIPTS
"""
import json
import os
import subprocess
import sys
import tempfile

TESTS = """
import pytest

kept = []
runs = []

@pytest.mark.tenure(leaks=False)
def test_grows():
    runs.append(1) if len(runs) < 100 else None
    kept.append(bytearray(3000))

@pytest.mark.tenure(leaks=False)
def test_fills_a_cache():
    if len(kept_once) < 1:
        kept_once.append(bytearray(3000))
    bytes(5000)

kept_once = []

@pytest.mark.tenure(peak="24MiB", live="1MiB")
def test_large():
    assert sum(len(bytes(1000000)) for _ in range(5)) == 5000000

@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.tenure(peak="1KiB")
def test_each(n):
    assert n

def test_fails():
    assert kept == 1
"""

problems = []


def check(condition, text):
    if not condition:
        problems.append(text)
    return condition


def pytest(top, scripts, *words, before=()):
    environment = dict(os.environ, PYTHONPATH=scripts, PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.run(
        [*before, "/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider",
         "-p", "tenure_pytest", *words, "test_it.py"],
        cwd=top, env=environment, capture_output=True, text=True, check=False)
    return done, done.stdout + done.stderr


def phases(report):
    with open(report, encoding="utf-8") as f:
        document = json.load(f)
    begun, ended = [], []
    for process in document["processes"]:
        for mark in process["marks"]:
            if mark["name"].startswith("test:"):
                (begun if mark["kind"] == "phase_begin" else ended).append(mark["name"][5:])
    check(sorted(begun) == sorted(ended), f"phases that do not end: {begun} {ended}")
    return begun, document


def main(tenure, scripts):
    if subprocess.run(["/usr/bin/python3", "-c", "import pytest"], capture_output=True,
                      check=False).returncode:
        print("python3-pytest is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as top:
        with open(os.path.join(top, "test_it.py"), "w", encoding="utf-8") as f:
            f.write(TESTS)
        done, text = pytest(top, scripts, "--strict-markers")
        check(done.returncode == 1 and "1 failed, 5 passed" in text, f"without tenure: {text}")

        report = os.path.join(top, "r.json")
        done, text = pytest(top, scripts, "--tenure-budget=budget",
                            before=(tenure, "run", "-q", "-o", report, "--"))
        check("2 failed, 4 passed" in text, f"under tenure: {text}")
        check("memory rises every time" in text and "test_grows" in text, f"no leak: {text}")
        begun, _ = phases(report)
        check(begun.count("test_it.py::test_grows") == 1 + 3 + 12,
              f"repetitions of test_grows: {begun}")
        check(4 < begun.count("test_it.py::test_fills_a_cache") < 12,
              f"repetitions of test_fills_a_cache: {begun}")
        for name in ("test_large", "test_each[1]", "test_each[2]", "test_fails"):
            check(begun.count("test_it.py::" + name) == 1, f"phases of {name}: {begun}")
        with open(os.path.join(top, "budget"), encoding="utf-8") as f:
            budget = f.read()
        check('[budget "phase:test:test_it.py::test_large"]\n\tpeak = 24MiB\n\tlive = 1MiB\n'
              in budget and '[budget "phase:test:test_it.py::test_each\\\\[1]"]' in budget,
              f"the budget file: {budget}")

        done = subprocess.run([tenure, "check", "--budget=budget", "--limit=growth=off", report],
                              cwd=top, capture_output=True, text=True, check=False)
        judged = done.stdout + done.stderr
        check(done.returncode == 1 and "FAIL (2 violations)" in judged and
              all(f"phase:test:test_it.py::test_each\\[{n}]" in judged for n in (1, 2)) and
              "at test_large" not in judged, f"budgets are judged: {done.returncode} {judged}")

        _, text = pytest(top, scripts, "--tenure-leaks=*test_each*",
                         before=(tenure, "run", "-q", "-f", "-o", report, "--"))
        begun, _ = phases(report)
        check(begun.count("test_it.py::test_each[2]") > 4, f"--tenure-leaks: {begun} {text}")

        if subprocess.run(["/usr/bin/python3", "-c", "import xdist"], capture_output=True,
                          check=False).returncode:
            print("python3-pytest-xdist is not installed, passed over")
            return
        _, text = pytest(top, scripts, "-n2", "-p", "xdist", "--tenure-budget=budget2",
                         before=(tenure, "run", "-q", "-f", "-o", report, "--"))
        check("2 failed, 4 passed" in text, f"with xdist: {text}")
        begun, document = phases(report)
        check(len(document["processes"]) > 2 and len(set(begun)) == 6, f"with xdist: {begun}")
        with open(os.path.join(top, "budget2"), encoding="utf-8") as f:
            check(f.read() == budget, "the budget file with xdist differs")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), sys.argv[2])
    for problem in problems:
        print(problem)
    sys.exit(bool(problems))
