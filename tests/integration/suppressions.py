#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Lists of known leaks: what they match is counted and not shown, and what they do not is named.

    suppressions.py --tenure BUILD/tenure TARGET
"""
import argparse
import os
import sys
import tempfile

import run
from report import Report

VALGRIND = """{
   much
   Memcheck:Leak
   match-leak-kinds: definite
   fun:calloc
   fun:make
   fun:lose_much
}
"""


class Case:
    def __init__(self, args, directory):
        self.args = args
        self.report = os.path.join(directory, "report.json")
        self.list = os.path.join(directory, "list")
        self.problems = []

    def write(self, text):
        with open(self.list, "w", encoding="utf-8") as f:
            f.write(text)

    def check(self, what, condition):
        if not condition:
            self.problems.append(what)

    def tenure(self, *words):
        return run.call([self.args.tenure, *words])

    def run(self, *options):
        """Returns stderr; keeps the report."""
        done = self.tenure("run", "--leaks", "--force", "-o", self.report, *options, "--",
                           self.args.target)
        self.check(f"status {done.status} with {options}", done.status == 0)
        document = Report(self.report)
        self.entries = {entry["name"]: entry for entry in document.raw.get("suppressions", [])}
        self.leaks = {document.functions_of(leak["stack"])[1]: leak
                      for leak in document.raw["processes"][0]["leaks"]}
        return done.stderr.decode()


def leaked(text):
    """That part of a summary."""
    return text.split("LEAKED")[-1].split("LIVE AT")[0]


def check_all(case):
    text = case.run()
    case.check("the program's own list is not used",
               "suppressed" in case.leaks["known_to_the_program"])
    case.check("a leak that nobody knows is suppressed",
               "suppressed" not in case.leaks["lose_much"])
    entry = case.entries.get("known_to_the_program", {})
    case.check(f"the entry of the program is {entry}",
               (entry.get("source"), entry.get("leaks"), entry.get("bytes")) == ("program", 1, 1000))
    case.check("a known leak is shown",
               "known.c:" in leaked(text) and "known_to_the_program  " not in leaked(text) and
               "not shown: 0.98 KiB in 1 block, suppressed by 'known_to_the_program'" in leaked(text))

    case.write("leak:lose_little\nleak:nobody_*\n")
    text = case.run("--suppressions", case.list)
    entry = case.entries.get("lose_little", {})
    case.check(f"the entry for lose_little is {entry}",
               (entry.get("leaks"), entry.get("blocks"), entry.get("bytes")) == (2, 2, 50))
    case.check("an unused entry is not named",
               f"suppression 'nobody_*' ({case.list}:2) matches no leak" in text)
    case.check("a used entry is called unused", "'lose_little'" not in text.split("LEAKED")[0])

    # The report again, with another list.
    case.write(VALGRIND)
    done = case.tenure("report", "--suppressions", case.list, case.report)
    text = done.stdout.decode()
    case.check("a list of Valgrind's is not used", "lose_much" not in leaked(text))
    case.check("a list counts that was used before", "lose_little" in leaked(text))

    case.write("leak:x\nmalloc\n")
    for words in (["run", "--leaks", "--suppressions", case.list, "--", case.args.target],
                  ["report", "--suppressions", case.list, case.report]):
        done = case.tenure(*words)
        case.check(f"{words[0]}: a bad list passes", done.status != 0 and
                   f"cannot use '{case.list}': line 2: expected leak:PATTERN or {{" in
                   done.stderr.decode())
    done = case.tenure("report", "--suppressions", "/nowhere/list", case.report)
    case.check("a list that is not there passes",
               "cannot read '/nowhere/list': no such file" in done.stderr.decode().lower())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tenure", required=True)
    parser.add_argument("target")
    with tempfile.TemporaryDirectory(prefix="tenure-test-") as directory:
        case = Case(parser.parse_args(), directory)
        check_all(case)
    for problem in case.problems:
        print(problem)
    return 1 if case.problems else 0


if __name__ == "__main__":
    sys.exit(main())
