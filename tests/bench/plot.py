# SPDX-License-Identifier: Apache-2.0
"""Draws line plots as SVG, by hand: no library is needed to rebuild the documents."""

import math
import statistics
from xml.sax.saxutils import escape

TOOLS = ("plain", "heaptrack", "tenure")
COLOURS = {"plain": "#7a7a7a", "heaptrack": "#c4572f", "tenure": "#1f6fb2",
           "C library": "#7a7a7a", "libunwind": "#c4572f",
           "decode, merge": "#7a7a7a", "all": "#1f6fb2"}
FRESH = 4  # frames that are new since the last capture, in the plot
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 70, 110, 40, 50


def program_ns(run, pairs):
    return run["program_cpu_s"] * 1e9 / pairs


def wall_ns(run, pairs):
    return run["wall_s"] * 1e9 / pairs


PLOTS = {
    "threads-cpu": ("threads", "CPU of the program per alloc+free pair, ns", "threads", program_ns),
    "threads-wall": ("threads", "Wall time per alloc+free pair, ns", "threads", wall_ns),
    "depth": ("depth", "CPU of the program per alloc+free pair, ns", "depth of the call chain",
              program_ns),
    "live": ("live", "CPU of the program per alloc+free pair, ns", "live blocks", program_ns),
    "length": ("length", "CPU of the program per alloc+free pair, ns", "pairs in the run",
               program_ns),
}


def series_of(points, figure):
    """Return {tool: [(x, median)]}."""
    series = {}
    for point in points:
        for tool in TOOLS:
            values = [figure(run, point["pairs"]) for run in point["runs"] if run["tool"] == tool]
            if values:
                series.setdefault(tool, []).append((point["x"], statistics.median(values)))
    return series


def ticks_of(low, high):
    """Return powers of ten with 2 and 5 between them, enough to cover low..high."""
    ticks = []
    power = math.floor(math.log10(low))
    while 10**power <= high * 10:
        ticks += [step * 10**power for step in (1, 2, 5)]
        power += 1
    first = max((t for t in ticks if t <= low), default=ticks[0])
    last = min((t for t in ticks if t >= high), default=ticks[-1])
    return [t for t in ticks if first <= t <= last]


def number(value):
    if value >= 1_000_000:
        return f"{value / 1_000_000:g} M"
    return f"{value / 1000:g} k" if value >= 10_000 else f"{value:g}"


def draw(title, x_title, series):
    """Return the SVG text; the y axis is logarithmic, the x axis too when it spans decades."""
    xs = sorted({x for line in series.values() for x, _ in line})
    ys = [y for line in series.values() for _, y in line]
    ticks = ticks_of(min(ys), max(ys))
    x_log = xs[-1] / xs[0] > 8

    def place(value, low, high, log):
        if log:
            value, low, high = math.log(value), math.log(low), math.log(high)
        return (value - low) / (high - low) if high > low else 0.5

    def px(x):
        return LEFT + place(x, xs[0], xs[-1], x_log) * (WIDTH - LEFT - RIGHT)

    def py(y):
        return HEIGHT - BOTTOM - place(y, ticks[0], ticks[-1], True) * (HEIGHT - TOP - BOTTOM)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12">',
           f"<title>{escape(title)} by {escape(x_title)}</title>",
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
           f'<text x="{LEFT}" y="20" font-size="14">{escape(title)}</text>']
    for tick in ticks:
        y = py(tick)
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
                   f'stroke="#e0e0e0"/><text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">'
                   f"{number(tick)}</text>")
    for x in xs:
        out.append(f'<text x="{px(x):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
                   f"{number(x)}</text>")
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 10}" '
               f'text-anchor="middle">{escape(x_title)}</text>')
    for tool, line in series.items():
        points = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in line)
        colour = COLOURS[tool]
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{px(x):.1f}" cy="{py(y):.1f}" r="3" fill="{colour}">'
                f"<title>{escape(tool)}: {y:.1f} at {number(x)}</title></circle>"
                for x, y in line]
        x, y = line[-1]
        out.append(f'<text x="{px(x) + 10:.1f}" y="{py(y) + 4:.1f}" fill="{colour}">'
                   f"{escape(tool)} {y:.0f}</text>")
    return "\n".join(out + ["</svg>", ""])


def capture_series(rows):
    """Return {method: [(depth, ticks)]}."""
    series = {}
    for row in rows:
        for method in ("C library", "libunwind", "tenure"):
            if row["fresh"] == FRESH and row.get(method, 0) > 0:
                series.setdefault(method, []).append((row["depth"], row[method]))
    return series


def analyzer_series(rows):
    """Return {what: [(live blocks, ns)]} of one thread."""
    rows = [row for row in rows if row["threads"] == 1]
    return {"decode, merge": [(row["live"], row["decode_ns"]) for row in rows],
            "all": [(row["live"], row["model_ns"]) for row in rows]}


def drawings(document):
    """Return [(name, title, title of the x axis, series)] of what there are figures for."""
    found = []
    for name, (axis, title, x_title, figure) in PLOTS.items():
        found.append((name, title, x_title,
                      series_of(document["curves"].get(axis, []), figure)))
    parts = document.get("parts", {})
    found.append(("capture", "Cycles per capture of a stack",
                  f"depth of the stack, {FRESH} frames new",
                  capture_series(parts.get("captures", []))))
    found.append(("analyzer", "CPU of the analyzer per event, ns", "live blocks",
                  analyzer_series(parts.get("analyzer", []))))
    return [drawing for drawing in found if any(drawing[3].values())]


def links(document, directory):
    """Return lines that show the plots in a document beside @directory."""
    return [f"![{title}, by {x_title}]({directory}/overhead-{name}.svg)"
            for name, title, x_title, _ in drawings(document)]


def write_all(document, directory):
    for name, title, x_title, series in drawings(document):
        (directory / f"overhead-{name}.svg").write_text(draw(title, x_title, series))
