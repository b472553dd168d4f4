# SPDX-License-Identifier: Apache-2.0
"""Estimates from samples against a target whose live blocks are known.

Over many runs, each with its own random numbers, the mean of an estimate must
be the truth within four of its own standard errors, and the standard errors
that reports state must be the spread that the estimates have.

usage: sampling.py TENURE TARGET
"""
import math
import os
import subprocess
import sys
import tempfile

from report import Report

RUNS = 30
MEAN = 65536

# What each site has live at the end: blocks, bytes.
TRUTH = {
    "keep_small": (40000, 40000 * 48),
    "keep_medium": (3000, 3000 * 1000),
    "keep_large": (60, 60 * 80000),
    "keep_huge": (2, 2 * 4000000),
    "keep_grown": (1000, 1000 * 3000),
}
CHILD = {"keep_medium": (5000, 5000 * 1000)}

failures = []


def check(condition, text):
    if not condition:
        failures.append(text)


def run(tenure, directory, *command):
    path = os.path.join(directory, "report.json")
    subprocess.run([tenure, "run", "-q", "-f", f"--sample={MEAN}", "-o", path, "--", *command],
                   check=True, stdout=subprocess.DEVNULL)
    return Report(path)


def live_by_site(process):
    """Live blocks, live bytes and the variances of both, by function."""
    live = {}
    for name in TRUTH:
        figures = live.setdefault(name, [0, 0, 0, 0])
        for site in (s.figures for s in process.sites if s.passes(name)):
            figures[0] += site["live_blocks"]
            figures[1] += site["live_bytes"]
            figures[2] += site["errors"]["live_blocks"] ** 2
            figures[3] += site["errors"]["live_bytes"] ** 2
    return live


def look_at(process):
    """What holds in every run."""
    totals = process["totals"]
    check(process["sample_bytes"] == MEAN and process["estimated"] is True, "it does not say so")
    check(process["trust"]["complete"], f"incomplete: {process['trust']}")
    check(totals["inherited_frees"] == 0, f"{totals['inherited_frees']} frees of unknown blocks")
    check(process["trust"]["unmatched_blocks"] == 0, "blocks whose free never came")
    check(totals["allocations"] - totals["frees"] == totals["live_blocks"],
          "a block took back something else than it had added")
    check(totals["allocated_bytes"] - totals["freed_bytes"] == totals["live_bytes"],
          "a block took back other bytes than it had added")
    check(process["events"] < 5000, f"{process['events']} events are no sample")
    for key in ("live_bytes", "live_blocks", "peak_bytes", "allocations"):
        check(sum(site[key] for site in process["sites"]) == totals[key], f"{key} do not add up")


def judge(what, estimates, truth, variances):
    """One figure over all runs.  Return: what is wrong with it."""
    n = len(estimates)
    mean = sum(estimates) / n
    spread = sum((x - mean) ** 2 for x in estimates) / (n - 1)
    stated = sum(variances) / n
    wrong = []
    # 0.5: rounding; a block of 61 times the mean distance is always sampled.
    if abs(mean - truth) > 4 * math.sqrt(max(spread, stated) / n) + 0.5:
        wrong.append(f"{what}: {mean:.0f} on average, not {truth}, "
                     f"off by {abs(mean - truth) / math.sqrt(stated / n + 1e-9):.1f} errors")
    if stated > 1 and not 1 - 4 * math.sqrt(2 / (n - 1)) < spread / stated < \
            1 + 4 * math.sqrt(2 / (n - 1)) + 0.2:
        wrong.append(f"{what}: a standard error of {math.sqrt(stated):.0f} is stated, "
                     f"but it is {math.sqrt(spread):.0f}")
    if spread > 1 and stated < 1:
        wrong.append(f"{what}: no error is stated")
    return wrong


def compare(reports, truths, pick):
    lives = [live_by_site(pick(report)) for report in reports]
    wrong = []
    for name, (blocks, size) in truths.items():
        figures = [live[name] for live in lives]
        wrong += judge(f"{name} blocks", [f[0] for f in figures], blocks, [f[2] for f in figures])
        wrong += judge(f"{name} bytes", [f[1] for f in figures], size, [f[3] for f in figures])
    return wrong


def first(report):
    return next(p for p in report.processes if not p.forked)


def child(report):
    return next(p for p in report.processes if p.forked)


def main():
    tenure, target = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        # Chance is allowed to be against us once, not twice.
        for _ in range(2):
            reports = [run(tenure, directory, target, "fork") for _ in range(RUNS)]
            for report in reports:
                check(len(report.processes) == 2, "not two processes")
                for process in report.processes:
                    look_at(process.raw)
            wrong = compare(reports, TRUTH, first) + compare(reports, CHILD, child)
            if failures or not wrong:
                break
            print("\n".join(["again, for:"] + wrong))
    for text in sorted(set(failures + wrong)):
        print("FAIL", text)
    return 1 if failures or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
