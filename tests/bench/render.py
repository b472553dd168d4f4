# SPDX-License-Identifier: Apache-2.0
"""Turns measured runs into tables: for the terminal and for docs/overhead.md."""

import statistics
import time

import machine

BEGIN = "<!-- tables: begin, written by tests/bench/bench.py -->"
END = "<!-- tables: end -->"

COLUMNS = ("tool", "wall", "cpu", "cpu min", "own cpu", "ns/pair", "rss", "own rss", "B/event",
           "capture")


def median_of(runs, key):
    values = [run[key] for run in runs if key in run]
    return statistics.median(values) if values else None


def least_of(runs, key):
    values = [run[key] for run in runs if key in run]
    return min(values) if values else None


def runs_of(document, workload, tool):
    return [run for run in document["runs"]
            if run["workload"] == workload and run["tool"] == tool]


def pairs_of(document, workload):
    """Number of allocations one run makes, as tenure counted them."""
    for run in document["runs"]:
        if run["workload"] == workload and run.get("pairs"):
            return run["pairs"]
    return None


def summary(document, workload, tool):
    """Return the figures of one row of a table, or None without runs."""
    runs, plain = runs_of(document, workload, tool), runs_of(document, workload, "plain")
    if not runs or not plain:
        return None
    row = {"tool": tool, "runs": len(runs)}
    for key in ("wall_s", "program_cpu_s", "profiler_cpu_s", "program_rss_kib",
                "profiler_rss_kib", "capture_bytes", "events", "stream_bytes"):
        row[key] = median_of(runs, key)
    row["wall_ratio"] = row["wall_s"] / median_of(plain, "wall_s")
    row["cpu_ratio"] = row["program_cpu_s"] / median_of(plain, "program_cpu_s")
    row["cpu_ratio_min"] = least_of(runs, "program_cpu_s") / least_of(plain, "program_cpu_s")
    # Overhead end to end: everything the machine spent more than for the plain program.
    base = median_of(plain, "program_cpu_s")
    row["extra_cpu_s"] = row["program_cpu_s"] + row["profiler_cpu_s"] - base
    pairs = pairs_of(document, workload)
    if pairs:
        row["pair_ns"] = (row["program_cpu_s"] - base) / pairs * 1e9
    if row["events"]:
        row["event_bytes"] = row["stream_bytes"] / row["events"]
    return row


def rows_of(document, workload):
    rows = [summary(document, workload, tool) for tool in document["tools"]]
    return [row for row in rows if row]


def against_heaptrack(rows):
    """Return how many times less tenure costs, by wall, total CPU: or None."""
    by_tool = {row["tool"]: row for row in rows}
    if not {"plain", "heaptrack", "tenure"} <= by_tool.keys():
        return None
    plain, peer, ours = (by_tool[name] for name in ("plain", "heaptrack", "tenure"))
    return {
        "wall": peer["wall_s"] / ours["wall_s"],
        "wall_overhead": ratio(peer["wall_s"] - plain["wall_s"], ours["wall_s"] - plain["wall_s"]),
        "cpu_overhead": ratio(peer["extra_cpu_s"], ours["extra_cpu_s"]),
    }


def ratio(a, b):
    return a / b if b > 0 else float("inf")


def cell(value, form):
    return "" if value is None else form.format(value)


def megabytes(kib):
    return None if kib is None else kib / 1024


def cells(row):
    capture = row["capture_bytes"]
    first = row["tool"] == "plain"
    return [
        row["tool"],
        f"{row['wall_s']:.2f} s" if first else f"{row['wall_ratio']:.2f}x",
        f"{row['program_cpu_s']:.2f} s" if first else f"{row['cpu_ratio']:.2f}x",
        "" if first else f"{row['cpu_ratio_min']:.2f}x",
        "" if first else f"{row['profiler_cpu_s']:.2f} s",
        "" if first else cell(row.get("pair_ns"), "{:.0f}"),
        cell(megabytes(row["program_rss_kib"]), "{:.1f}"),
        "" if first else cell(megabytes(row["profiler_rss_kib"]), "{:.1f}"),
        cell(row.get("event_bytes"), "{:.2f}"),
        cell(None if capture is None else capture / 1e6, "{:.2f} MB"),
    ]


def terminal_row(document, workload):
    """Return the table of one workload."""
    title = next(w["title"] for w in document["workloads"] if w["name"] == workload)
    pairs = pairs_of(document, workload)
    lines = [f"{title}" + (f" ({pairs:,} allocations)" if pairs else "")]
    rows = rows_of(document, workload)
    widths = (15, 9, 8, 8, 9, 8, 8, 8, 8, 11)
    lines.append("  " + "".join(f"{name:>{width}}" for name, width in zip(COLUMNS, widths)))
    for row in rows:
        lines.append("  " + "".join(f"{text:>{width}}" for text, width in zip(cells(row), widths)))
    less = against_heaptrack(rows)
    if less:
        lines.append(f"  tenure against heaptrack: {less['wall']:.1f}x faster, overhead "
                     f"{less['wall_overhead']:.1f}x less wall, {less['cpu_overhead']:.1f}x less cpu")
    return "\n".join(lines) + "\n"


def terminal(document):
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(document["began"]))
    versions = ", ".join(f"{name} {v}".strip() for name, v in document["tools"].items())
    lines = [f"{machine.sentence(document['machine'])}",
             f"{when}, {document['rounds']} rounds in turn: {versions}", "",
             "wall, cpu: median, ratio to plain; cpu is the program's own, cpu min the ratio of the",
             "minima; own cpu, own rss: the profiler's processes; ns/pair: cpu the program spent",
             "more per allocation with its free; rss in MiB", ""]
    lines += [terminal_row(document, workload["name"]) for workload in document["workloads"]]
    for workload, tool in document["failed"]:
        lines.append(f"FAILED: {workload} under {tool}")
    return "\n".join(lines)


def markdown(document):
    when = time.strftime("%Y-%m-%d", time.gmtime(document["began"]))
    versions = ", ".join(f"{name} {v}" for name, v in document["tools"].items() if v)
    lines = [f"Measured {when} with `{document['command']}`: {document['rounds']} rounds in turn "
             f"after a warm-up, medians. Versions: {versions}.",
             "", f"Machine: {machine.sentence(document['machine'])}.", ""]
    lines += ["| workload | tool | wall | CPU of the program | by the minima | CPU of the profiler "
              "| ns per pair | RSS, MiB | profiler's RSS, MiB | bytes per event | capture |",
              "| --- | --- | " + "---: | " * 9]
    less = []
    for workload in document["workloads"]:
        rows = rows_of(document, workload["name"])
        title = workload["title"]
        for row in rows:
            lines.append("| " + " | ".join([title, *cells(row)]) + " |")
            title = ""
        compared = against_heaptrack(rows)
        if compared:
            less.append(f"| {workload['title']} | {compared['wall']:.1f}x | "
                        f"{compared['wall_overhead']:.1f}x | {compared['cpu_overhead']:.1f}x |")
    if less:
        lines += ["", "How many times less than heaptrack, end to end (the analysis included):", "",
                  "| workload | wall time | wall time over plain | CPU over plain |",
                  "| --- | ---: | ---: | ---: |", *less]
    return "\n".join(lines) + "\n"


def replace_tables(path, document):
    text = path.read_text()
    head, _, rest = text.partition(BEGIN)
    _, found, foot = rest.partition(END)
    if not found:
        raise SystemExit(f"bench: {path} has no '{BEGIN}' … '{END}'")
    path.write_text(f"{head}{BEGIN}\n{markdown(document)}{END}{foot}")
