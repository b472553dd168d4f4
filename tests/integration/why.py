#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tenure why tells how memory is held and what it keeps, and says so when it cannot.

    why.py --tenure BUILD/tenure TARGET
"""
import argparse
import json
import os
import re
import sys
import tempfile

import run

ITEMS = 1000
ITEM, NAME, SHELF = 16, 100, 16


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def check_all(args, directory, check):
    report = os.path.join(directory, "report.json")

    def why(*words):
        done = run.call([args.tenure, "why", report, *words])
        return done.status, plain(done.stdout.decode()), done.stderr.decode()

    done = run.call([args.tenure, "run", "--leaks", "-o", report, "--", args.target])
    summary = plain(done.stderr.decode())
    check("the run", done.status == 0)
    check("a ring of std::shared_ptr is not told as such",
          re.search(r"A 1 block, 40 B, +std::make_shared<shop::Order> \(use count 1\)", summary))

    check("the members of the ring are not named",
          "A.previous (+16) points to B, std::make_shared<shop::Order>" in summary)

    status, out, _ = why("shop::Shelf")
    kept = SHELF + ITEMS * (ITEM + NAME)
    check(f"why TYPE: {out}", status == 0 and
          "held by shop::shelves+16, a variable of leaks-held" in out and
          f"in {1 + 2 * ITEMS:,} blocks" in out and "freeing it would give back 113 KiB" in out)
    with open(report, encoding="utf-8") as f:
        process = json.load(f)["processes"][0]
    shelf = [held for held in process["held"] if held.get("type") == "shop::Shelf"]
    check(f"kept by the shelf: {shelf}", len(shelf) == 1 and shelf[0]["kept_bytes"] == kept and
          shelf[0]["kept_blocks"] == 1 + 2 * ITEMS and shelf[0]["path"] == [])

    # All items: the first one keeps the rest, and their names.
    status, out, _ = why("add_item")
    item = [held for held in process["held"]
            if held["blocks"] == ITEMS and held["bytes"] == ITEMS * ITEM]
    check(f"kept by the items: {item}", len(item) == 1 and
          item[0]["kept_bytes"] == ITEMS * (ITEM + NAME) and
          [step["offset"] for step in item[0]["path"]] == [8])
    check(f"why FUNCTION: {out}", status == 0 and "at +8, first of shop::Shelf" in out)
    status, out, _ = why("held.cc:33")
    check(f"why FILE:LINE: {out}", status == 0 and "shop::add_item" in out)
    status, out, _ = why(item[0]["sig"])
    check(f"why SIGNATURE: {out}", status == 0 and "shop::add_item" in out)
    status, out, _ = why("std::make_shared<shop::Order>")
    check(f"why of a cycle: {out}", status == 0 and "lost in a cycle" in out and
          "held by nothing: it is lost" in out)
    status, out, _ = why()
    check(f"why of all: {out}", status == 0 and out.startswith("  1   "))

    status, out, err = why("shop::Shelv")
    check(f"an unknown name: {err}", status == 2 and not out and
          "cannot tell about 'shop::Shelv'" in err and "tenure why" in err)
    status, _, err = why("--process", "1", "x")
    check(f"an unknown process: {err}", status == 2 and "the process is not in" in err)
    done = run.call([args.tenure, "run", "-q", "-f", "-o", report, "--", args.target])
    status, _, err = why("x")
    check(f"without --leaks: {err}", status == 2 and "nobody has looked" in err and
          "tenure run --leaks" in err)
    done = run.call([args.tenure, "why"])
    check("no report given", done.status == 2 and b"no report given" in done.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tenure", required=True)
    parser.add_argument("target")
    problems = []

    def check(what, condition):
        if not condition:
            problems.append(what)

    with tempfile.TemporaryDirectory(prefix="tenure-test-") as directory:
        check_all(parser.parse_args(), directory, check)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
