#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Marks that are made from outside: by `tenure mark`, and by a signal.

usage: marks.py --tenure TENURE --library LIBTENURE [TEST...]
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path

import cli

LIBRARY = None
NOBODY = 65534
STEP = 1 << 20

# Takes a megabyte for each line it is sent, and says so.
GROWING = """
import os, sys
print(os.getpid(), flush=True)
kept = []
for line in sys.stdin:
    kept.append(bytearray(1 << 20))
    print("took", flush=True)
"""
# Before that, what programs do that show their state in the list of processes.
OVERWRITTEN = """
import ctypes
fields = open("/proc/self/stat").read().rsplit(")", 1)[1].split()
start, end = int(fields[47]), int(fields[48])
ctypes.memset(start, 0, end - start)
"""
# The same with threads that allocate all the time.
THREADS = """
import threading
over = threading.Event()
def work():
    while not over.is_set():
        [bytes(100) for i in range(100)]
threads = [threading.Thread(target=work) for i in range(2)]
for thread in threads:
    thread.start()
""" + GROWING + """
over.set()
for thread in threads:
    thread.join()
"""

# Gets the signal as it is by default, in a forked child, by a handler of its own, and after exec.
SIGNALLED = """
import os, signal, sys
def send():
    os.kill(os.getpid(), signal.SIGUSR2)
assert signal.getsignal(signal.SIGUSR2) == signal.SIG_DFL
send(); send()
child = os.fork()
if child == 0:
    send()
    os._exit(3)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
caught = []
assert signal.signal(signal.SIGUSR2, lambda *args: caught.append(args)) == signal.SIG_DFL
send()
assert len(caught) == 1 and caught[0][0] == signal.SIGUSR2
signal.signal(signal.SIGUSR2, signal.SIG_IGN)
send()
signal.signal(signal.SIGUSR2, signal.SIG_DFL)
send()
if len(sys.argv) == 1:
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:], "again"])
print("done", len(caught))
"""


class Marks(cli.Case):
    """A program, and somebody who watches it."""

    def start(self, *argv, env=None):
        environ = {**os.environ, **(env or {})}
        process = subprocess.Popen([str(word) for word in argv], cwd=self.directory, env=environ,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        for stream in (process.stdin, process.stdout, process.stderr):
            self.addCleanup(stream.close)
        self.addCleanup(process.wait)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        process.program = int(process.stdout.readline())
        return process

    def grow(self, process):
        process.stdin.write(b"\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"took\n")

    def finish(self, process, report):
        process.stdin.close()
        self.assertEqual(process.wait(cli.TIMEOUT), 0, process.stderr.read())
        document = json.loads((self.directory / report).read_text())
        return document["processes"][0]

    def check_steps(self, program, *options):
        process = self.start(cli.TENURE, "run", "-q", "-o", "x.json", *options, sys.executable,
                             "-c", program)
        for turn in range(5):
            self.grow(process)
            who = process.pid if turn == 3 else process.program
            self.tenure("mark", who, "turn", check=0)
        found = self.finish(process, "x.json")
        marks = [m for m in found["marks"] if m["name"] == "turn"]
        self.assertEqual([m["kind"] for m in marks], ["point"] * 5)
        steps = [b["heap_bytes"] - a["heap_bytes"] for a, b in zip(marks, marks[1:])]
        # What threads have in their hands is little beside a megabyte.
        self.assertTrue(all(STEP - 65536 <= step <= STEP + 65536 for step in steps), steps)
        times = [m["time_ns"] for m in marks]
        self.assertEqual(times, sorted(times))
        self.assertTrue(any(s["name"] == "turn" for s in found["checkpoints"]), found["checkpoints"])
        return found

    def test_a_mark_stands_where_the_program_is(self):
        self.check_steps(GROWING)

    def test_threads_do_not_blur_it(self):
        self.check_steps(THREADS)

    def test_a_capture_holds_it(self):
        found = self.check_steps(GROWING, "--record=x.tnr")
        self.tenure("report", "-q", "-o", "y.json", "x.tnr", check=0)
        again = json.loads((self.directory / "y.json").read_text())["processes"][0]
        self.assertEqual(again["marks"], found["marks"])
        self.assertEqual(again["checkpoints"], found["checkpoints"])

    def test_a_signal_marks_when_asked_for(self):
        process = self.start(cli.TENURE, "run", "-q", "-o", "x.json", "--mark-signal=SIGUSR2",
                             sys.executable, "-c", GROWING)
        for _ in range(5):
            self.grow(process)
            os.kill(process.program, signal.SIGUSR2)
        found = self.finish(process, "x.json")
        marks = found["marks"]
        self.assertEqual([(m["name"], m["kind"]) for m in marks], [("SIGUSR2", "point")] * 5)
        steps = [b["heap_bytes"] - a["heap_bytes"] for a, b in zip(marks, marks[1:])]
        self.assertTrue(all(STEP - 65536 <= step <= STEP + 65536 for step in steps), steps)
        self.assertTrue(any(s["name"] == "SIGUSR2" for s in found["checkpoints"]))

    def test_it_marks_beside_what_the_program_makes_of_it(self):
        self.tenure("run", "-q", "-o", "x.json", "--mark-signal=SIGUSR2", sys.executable, "-c",
                    SIGNALLED, check=0)
        found = json.loads((self.directory / "x.json").read_text())["processes"]
        self.assertEqual([[m["name"] for m in p["marks"]] for p in found],
                         [["SIGUSR2"] * n for n in (4, 1, 4, 1)])
        # Without being asked, nothing is as if: the signal ends the program.
        done = self.tenure("run", "-q", "-o", "y.json", sys.executable, "-c", SIGNALLED)
        self.assertEqual(done.returncode, 128 + signal.SIGUSR2)

    def test_phases_begin_and_end(self):
        process = self.start(cli.TENURE, "run", "-q", "-o", "x.json", sys.executable, "-c", GROWING)
        self.tenure("mark", "--begin", process.program, "load", check=0)
        self.grow(process)
        self.tenure("mark", "--end", process.program, "load", check=0)
        marks = self.finish(process, "x.json")["marks"]
        self.assertEqual([(m["name"], m["kind"]) for m in marks],
                         [("load", "phase_begin"), ("load", "phase_end")])

    def test_it_works_without_tenure_run(self):
        process = self.start(sys.executable, "-c", GROWING,
                             env={"LD_PRELOAD": LIBRARY, "TENURE_COLLECT": cli.TENURE,
                                  "TENURE_OUTPUT": "x.json"})
        for _ in range(3):
            self.grow(process)
            self.tenure("mark", process.program, "turn", check=0)
        process.stdin.close()
        process.wait(cli.TIMEOUT)
        path = self.directory / "x.json"
        # The collector goes on for a moment after the program.
        watch = subprocess.run(
            ["sh", "-c", "for i in $(seq 300); do test -s x.json && exit 0; sleep 0.1; done; exit 1"],
            cwd=self.directory, check=False)
        self.assertEqual(watch.returncode, 0)
        marks = json.loads(path.read_text())["processes"][0]["marks"]
        self.assertEqual([m["name"] for m in marks], ["turn"] * 3)

    def test_a_program_that_has_overwritten_its_environment_is_found(self):
        process = self.start(cli.TENURE, "run", "-q", "-o", "x.json", sys.executable, "-c",
                             OVERWRITTEN + GROWING)
        environ = Path(f"/proc/{process.program}/environ").read_bytes()
        self.assertNotIn(b"TENURE_SOCKET", environ)
        self.tenure("mark", process.program, "name", check=0)
        self.assertEqual([m["name"] for m in self.finish(process, "x.json")["marks"]], ["name"])

    def test_errors_say_what_is_wrong(self):
        done = self.tenure("mark", os.getpid(), "name")
        self.assertEqual(done.returncode, 1)
        self.assertIn("not being profiled", done.err)
        self.assertIn("tenure run", done.err)

        child = subprocess.Popen(["true"])
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        for _ in range(2):  # a zombie, and nothing at all
            done = self.tenure("mark", child.pid, "name")
            self.assertEqual(done.returncode, 1)
            self.assertIn("no such process, or it has ended", done.err)
            child.wait()

        for argv in (["mark"], ["mark", "1"], ["mark", "x", "name"], ["mark", "0", "name"],
                     ["mark", "-1", "name"], ["mark", "1", "two", "names"],
                     ["mark", "99999999999", "name"], ["mark", "--begin", "--end", "1", "name"]):
            self.assertEqual(self.tenure(*argv).returncode, 2, argv)

    def test_another_user_cannot(self):
        if os.geteuid() != 0 or not shutil.which("setpriv"):
            self.skipTest("needs root and setpriv")
        shutil.copy(cli.TENURE, self.directory / "tenure")
        (self.directory / "tenure").chmod(0o755)
        self.directory.chmod(0o755)
        process = self.start(cli.TENURE, "run", "-q", "-o", "x.json", sys.executable, "-c", GROWING)
        done = cli.call("setpriv", f"--reuid={NOBODY}", "--clear-groups", self.directory / "tenure",
                        "mark", process.program, "name", cwd="/")
        self.assertEqual(done.returncode, 1, done.err)
        self.assertIn("another user", done.err)
        self.assertEqual(self.finish(process, "x.json")["marks"], [])


def main():
    global LIBRARY
    parser = argparse.ArgumentParser()
    parser.add_argument("--tenure", required=True, type=Path)
    parser.add_argument("--library", required=True, type=Path)
    parser.add_argument("tests", nargs="*")
    args = parser.parse_args()
    cli.TENURE, LIBRARY = args.tenure.resolve(), str(args.library.resolve())
    for name in ("LD_PRELOAD", "TENURE_SOCKET", "TENURE_LIB", "TENURE_OUTPUT"):
        os.environ.pop(name, None)

    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Marks)
    tests = [test for test in suite if not args.tests or any(w in test.id() for w in args.tests)]
    print(f"1..{len(tests)}")
    result = cli.Tap()
    unittest.TestSuite(tests).run(result)
    return 0 if result.wasSuccessful() and result.count == len(tests) else 1


if __name__ == "__main__":
    sys.exit(main())
