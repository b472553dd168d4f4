# SPDX-License-Identifier: Apache-2.0
"""Measures parts of tenure alone: a capture of a stack, and the analyzer."""

import re
import subprocess

ANALYZED = [(1, 10_000, 20_000_000), (1, 100_000, 20_000_000), (1, 1_000_000, 20_000_000),
            (1, 10_000_000, 40_000_000), (4, 100_000, 20_000_000)]
FIGURES = re.compile(r"bytes/event ([\d.]+)\ndecode and merge ([\d.]+) ns/event, "
                     r"with model ([\d.]+) ns/event \([\d.]+ M/s\), end ([\d.]+) s")


class PartError(Exception):
    """A part could not be measured."""


def output_of(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=600, check=False)
    if done.returncode != 0:
        raise PartError(f"{command[0]} failed: {done.stderr.strip() or done.returncode}")
    return done.stdout


def analyzer(program, scale):
    """Return what the analyzer takes, by threads and live blocks."""
    rows = []
    for threads, live, events in ANALYZED:
        live, events = max(int(live * scale), 1000), max(int(events * scale), 10_000)
        text = output_of(program, threads, live, events)
        found = FIGURES.search(text)
        if not found:
            raise PartError(f"{program} says '{text.strip()}'")
        size, decode, model, end = (float(value) for value in found.groups())
        rows.append({"threads": threads, "live": live, "events": events, "event_bytes": size,
                     "decode_ns": decode, "model_ns": model, "end_s": end})
    return rows


def captures(program, scale):
    """Return ticks per capture, by depth and by frames that are new since the last one."""
    rows = []
    for line in output_of(program, max(int(1000 * scale), 50)).splitlines()[2:]:
        depth, fresh, tenure, libunwind, library = line.split()
        row = {"depth": int(depth), "fresh": int(fresh), "tenure": max(float(tenure), 0.0),
               "C library": float(library)}
        if libunwind != "-":
            row["libunwind"] = float(libunwind)
        rows.append(row)
    return rows


def measure(build, rounds, scale):
    """Return the least of some rounds: others on the machine only ever add to it."""
    here = build / "tests" / "bench"
    parts = {"analyzer": [], "captures": []}
    for _ in range(rounds):
        parts["analyzer"].append(analyzer(here / "bench-analyze", scale))
        parts["captures"].append(captures(here / "capture", scale))
    return {name: [least(rows) for rows in zip(*turns)] for name, turns in parts.items()}


def least(rows):
    return {key: min(row[key] for row in rows) for key in rows[0]}
