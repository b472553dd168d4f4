# SPDX-License-Identifier: Apache-2.0
"""Turns measured runs into tables: for the terminal and for docs/overhead.md."""

import statistics
import time

import machine
import plot

BEGIN = "<!-- tables: begin, written by tests/bench/bench.py -->"
END = "<!-- tables: end -->"

PYTHON_BEGIN = "<!-- python: begin, written by tests/bench/bench.py --python -->"
PYTHON_END = "<!-- python: end -->"

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


def pairs_of(document, workload, tool="tenure"):
    """Number of allocations one run makes, as tenure counted them for that tool's view."""
    native = tool in ("heaptrack", "heaptrack-null", "tenure-native")
    for name in ("tenure-native", "tenure") if native else ("tenure",):
        for run in runs_of(document, workload, name):
            if run.get("pairs"):
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
    pairs = pairs_of(document, workload, tool)
    if pairs:
        row["pair_ns"] = (row["program_cpu_s"] - base) / pairs * 1e9
    if row["events"]:
        row["event_bytes"] = row["stream_bytes"] / row["events"]
    return row


def rows_of(document, workload):
    rows = [summary(document, workload, tool) for tool in document["tools"]]
    return [row for row in rows if row]


def against_peers(rows):
    """Return [(tool, peer, how many times less it costs)]: each with the peer that sees the same.

    heaptrack sees what calls malloc; memray sees Python's objects as well.
    """
    by_tool = {row["tool"]: row for row in rows}
    native = "tenure-native" if "tenure-native" in by_tool else "tenure"
    compared = []
    for name, peer_name in ((native, "heaptrack"), ("tenure", "memray")):
        if not {"plain", name, peer_name} <= by_tool.keys():
            continue
        plain, peer, ours = (by_tool[key] for key in ("plain", peer_name, name))
        compared.append((name, peer_name, {
            "wall": peer["wall_s"] / ours["wall_s"],
            "wall_overhead": ratio(peer["wall_s"] - plain["wall_s"],
                                   ours["wall_s"] - plain["wall_s"]),
            "cpu_overhead": ratio(peer["extra_cpu_s"], ours["extra_cpu_s"]),
        }))
    return compared


def ratio(a, b):
    """Return a / b, or NaN where the difference that b is was lost in noise."""
    return a / b if b > 0 and a > 0 else float("nan")


def times(value):
    return "–" if value != value else f"{value:.1f}x"


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
    for name, peer, less in against_peers(rows):
        lines.append(f"  {name} against {peer}: {times(less['wall'])} faster, overhead "
                     f"{times(less['wall_overhead'])} less wall, {times(less['cpu_overhead'])} less cpu")
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
    if document.get("python"):
        lines += python_lines(document)
    lines += limits(document)
    for axis in document["curves"]:
        lines += ["", *curve_table(document, axis)]
    lines += ["", *part_tables(document)]
    for workload, tool in document["failed"]:
        lines.append(f"FAILED: {workload} under {tool}")
    return "\n".join(lines)


def limits(document):
    """Return lines about what a thread costs, and how cost grows with depth."""
    lines = []
    for tool in document["tools"]:
        def figure(workload, key, tool=tool):
            runs = [run for run in document["limits"]
                    if run["tool"] == tool and run["workload"] == workload]
            return (median_of(runs, key), runs[0]["count"]) if runs else (None, 1)

        if tool == "plain" or not document["limits"]:
            continue
        started, threads = figure("spawn-1", "program_cpu_s")
        alive, living = figure("spawn-64", "program_rss_kib")
        if started is None or alive is None:
            continue
        start = started - figure("spawn-1", "program_cpu_s", "plain")[0]
        more = alive - figure("spawn-64", "program_rss_kib", "plain")[0]
        one = figure("spawn-1", "program_rss_kib")[0]
        one -= figure("spawn-1", "program_rss_kib", "plain")[0]
        lines.append(f"| {tool} | {start / threads * 1e6:.1f} | {one} | "
                     f"{(more - one) / (living - 1):.0f} |")
    if lines:
        lines = ["| tool | start of a thread, us of CPU more | RSS of the program, KiB more | "
                 "RSS per living thread, KiB more |", "| --- | ---: | ---: | ---: |", *lines]
    return lines


def part_tables(document):
    """Return lines: what captures and the analyzer take, alone."""
    parts, lines = document.get("parts", {}), []
    if parts.get("captures"):
        lines += ["One capture of a stack, in cycles of the time stamp counter, by its depth and by "
                  "how many of its frames are new since the last one (`build/tests/bench/capture`), "
                  "against libunwind's cached `unw_backtrace` (which heaptrack and memray use) and "
                  "the C library's `backtrace`:", "",
                  "| depth | new frames | tenure | libunwind | C library |",
                  "| ---: | ---: | ---: | ---: | ---: |"]
        lines += [f"| {row['depth']} | {row['fresh']} | {row['tenure']:,.0f} | "
                  f"{cell(row.get('libunwind'), '{:,.0f}')} | {row['C library']:,.0f} |"
                  for row in parts["captures"]]
    if parts.get("analyzer"):
        lines += ["", "The analyzer alone, CPU per event; *at the end* is what is left to do when the "
                  "program has ended, without names (`build/tests/bench/bench-analyze THREADS LIVE "
                  "EVENTS`):", "",
                  "| threads | live blocks | events | decode and merge, ns | with the model, ns | "
                  "at the end, s |", "| ---: | ---: | ---: | ---: | ---: | ---: |"]
        lines += [f"| {row['threads']} | {row['live']:,} | {row['events']:,} | "
                  f"{row['decode_ns']:.1f} | {row['model_ns']:.1f} | {row['end_s']:.3f} |"
                  for row in parts["analyzer"]]
    return lines


def rss_table(document, axis):
    """Return lines: memory of the profiler, by what the axis is."""
    points = document["curves"].get(axis, [])
    tools = [tool for tool in document["tools"] if tool != "plain" and
             any(run["tool"] == tool for point in points for run in point["runs"])]
    lines = [f"| {axis} | " + " | ".join(f"{tool}, MiB" for tool in tools) + " |",
             "| ---: |" + " ---: |" * len(tools)]
    for point in points:
        row = [cell(megabytes(median_of([run for run in point["runs"] if run["tool"] == tool],
                                        "profiler_rss_kib")), "{:.1f}") for tool in tools]
        lines.append(f"| {point['x']:,} | " + " | ".join(row) + " |")
    return lines


def curve_table(document, axis):
    """Return lines: ns of the program's CPU per pair, by what the axis is."""
    points = document["curves"].get(axis, [])
    tools = [tool for tool in document["tools"]
             if any(run["tool"] == tool for point in points for run in point["runs"])]
    if not points:
        return []
    lines = [f"| {axis} | " + " | ".join(f"{tool}, ns" for tool in tools) + " |",
             "| ---: |" + " ---: |" * len(tools)]
    for point in points:
        row = []
        for tool in tools:
            runs = [run for run in point["runs"] if run["tool"] == tool]
            value = median_of(runs, "program_cpu_s")
            row.append(cell(value and value / point["pairs"] * 1e9, "{:.0f}"))
        lines.append(f"| {point['x']:,} | " + " | ".join(row) + " |")
    return lines


def measured(document):
    when = time.strftime("%Y-%m-%d", time.gmtime(document["began"]))
    versions = ", ".join(f"{name} {v}" for name, v in document["tools"].items() if v)
    lines = [f"Measured {when} with `{document['command']}`: {document['rounds']} round{'s' if document['rounds'] > 1 else ''} in turn "
             f"after a warm-up, medians. Versions: {versions}.",
             "", f"Machine: {machine.sentence(document['machine'])}.", ""]
    load = median_of(document["runs"], "load")
    if load > document["machine"]["cores"]:
        lines += [f"The machine was busy with other work meanwhile (load average {load:.0f}): "
                  "wall times say little, CPU times are somewhat too high for every tool.", ""]
    return lines


def markdown(document):
    lines = measured(document)
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
        for name, peer, how in against_peers(rows):
            less.append(f"| {workload['title']} | {name} against {peer} | {times(how['wall'])} | "
                        f"{times(how['wall_overhead'])} | {times(how['cpu_overhead'])} |")
    if less:
        lines += ["", "How many times less than its peer, end to end (the analysis included):", "",
                  "| workload | | wall time | wall time over plain | CPU over plain |",
                  "| --- | --- | ---: | ---: | ---: |", *less]
    thread = limits(document)
    if thread:
        lines += ["", "What a thread costs:", "", *thread]
    for axis in document["curves"]:
        lines += ["", f"CPU of the program per alloc+free pair of the C++ churn, by {axis}:", "",
                  *curve_table(document, axis)]
        if axis in ("live", "length"):
            lines += ["", f"Memory of the profiler, by {axis}:", "", *rss_table(document, axis)]
    tables = part_tables(document)
    if tables:
        lines += ["", *tables]
    return "\n".join(lines) + "\n"


def product(values):
    return statistics.geometric_mean(values) if values else None


def python_lines(document):
    """Return a table of ratios to the plain run: wall and CPU of the program, a line per program."""
    works = [w["name"] for w in document["workloads"]]
    lines = ["| tool | figure | " + " | ".join(name.removeprefix("python-") for name in works)
             + " | geometric mean |", "| --- | --- | " + "---: | " * (len(works) + 1)]
    for tool in document["tools"]:
        rows = [summary(document, work, tool) for work in works]
        if not any(rows):
            continue
        for title, key in (("wall", "wall_ratio"), ("CPU", "cpu_ratio"),
                           ("CPU, minima", "cpu_ratio_min")):
            if key == "cpu_ratio_min" and (tool == "plain" or document["rounds"] == 1):
                continue
            if tool == "plain":
                seconds = "wall_s" if key == "wall_ratio" else "program_cpu_s"
                lines.append(f"| plain | {title} | " + " | ".join(
                    f"{row[seconds]:.2f} s" if row else "" for row in rows) + " | |")
                continue
            ratios = [row[key] for row in rows if row]
            mean = f"{product(ratios):.2f}x" if len(ratios) == len(works) else ""
            name = tool if key == "wall_ratio" else ""
            lines.append(f"| {name} | {title} | " + " | ".join(
                f"{row[key]:.2f}x" if row else "" for row in rows) + f" | {mean} |")
    counts = document.get("instructions")
    if counts:
        lines += ["", "Instructions (counted by callgrind) that more work takes in the program with "
                  "the library, as ratios to those without:", "",
                  "| | " + " | ".join(name.removeprefix("python-") for name in works)
                  + " | geometric mean |", "| --- | " + "---: | " * (len(works) + 1)]
        for tool in ("tenure-native", "tenure"):
            ratios = [counts[work][tool] / counts[work]["plain"] for work in works]
            lines.append(f"| {tool} | " + " | ".join(f"{r:.2f}x" for r in ratios)
                         + f" | {product(ratios):.2f}x |")
    return lines


def replace_between(path, begin, end, lines):
    text = path.read_text()
    head, _, rest = text.partition(begin)
    _, found, foot = rest.partition(end)
    if not found:
        raise SystemExit(f"bench: {path} has no '{begin}' … '{end}'")
    path.write_text(f"{head}{begin}\n{lines}{end}{foot}")


def replace_tables(path, document, plots):
    """Write the tables, and what shows the plots in the directory @plots beside @path."""
    if document.get("python"):
        lines = "\n".join(measured(document) + python_lines(document)) + "\n"
        replace_between(path, PYTHON_BEGIN, PYTHON_END, lines)
        return
    shown = plot.links(document, plots.name) if plots else []
    if shown:
        shown = ["", "## Plots", "", *shown, ""]
    replace_between(path, BEGIN, END, markdown(document) + "\n".join(shown))
