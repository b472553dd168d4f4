#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A report in every format of `tenure export`, read by what that format is for.

    export.py TENURE PROGRAM [--no-browser]

SPEEDSCOPE_SCHEMA may name speedscope's file-format-schema.json, which its npm
package has.
"""
import collections
import gzip
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

PYTHON = """
kept = []
def make(n):
    return [bytes(1000 + i) for i in range(n)]
class Holder:
    def fill(self):
        self.rows = make(300)
        return self
kept.append(Holder().fill())
semi = compile("def f():\\n    return [bytearray(5000) for _ in range(40)]\\nkept.append(f())", "a;b.py", "exec")
exec(semi)
kept.append((lambda: bytearray(70000))())
"""
DH_VIEW = "/usr/libexec/valgrind"

problems = []
skipped = []


def check(condition, text):
    if not condition:
        problems.append(text)
    return condition


def run(*command, **kwargs):
    done = subprocess.run(command, capture_output=True, check=False, **kwargs)
    check(done.returncode == 0, f"{' '.join(command)}: {done.returncode}: {done.stderr.decode()}")
    return done.stdout


def browse(page, top):
    """The text of a page after its script has run; None without a browser."""
    browser = shutil.which("chromium")
    if not browser or "--no-browser" in sys.argv:
        skipped.append("chromium")
        return None
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--user-data-dir=" + os.path.join(top, "profile"), "--enable-logging=stderr",
         "--virtual-time-budget=2000", "--dump-dom", "file://" + page],
        capture_output=True, text=True, check=False, timeout=90)
    for line in re.findall(r".*CONSOLE.*", done.stderr):
        problems.append(f"{os.path.basename(page)}: {line}")
    return done.stdout


def total(document, key):
    return sum(site[key] for process in document["processes"] for site in process["sites"])


def check_folded(document, data, key):
    costs, frames = 0, set()
    for line in data.decode().splitlines():
        stack, _, cost = line.rpartition(" ")
        check(cost.isdigit() and stack, f"folded: {line!r}")
        costs += int(cost)
        frames.update(stack.split(";"))
    check(costs == total(document, key), f"folded: {costs} is not the sum of {key}")
    return frames


def check_speedscope(document, data):
    file = json.loads(data)
    schema = os.environ.get("SPEEDSCOPE_SCHEMA")
    if schema:
        import jsonschema
        with open(schema, encoding="utf-8") as f:
            jsonschema.validate(file, json.load(f))
    check(file["$schema"] == "https://www.speedscope.app/file-format-schema.json", "no $schema")
    frames = file["shared"]["frames"]
    keys = ("peak_bytes", "live_bytes", "bytes")
    check(len(file["profiles"]) == 3 * len(document["processes"]), "speedscope: profiles")
    for number, profile in enumerate(file["profiles"]):
        process, key = document["processes"][number // 3], keys[number % 3]
        check(profile["type"] == "sampled" and profile["unit"] == "bytes", "speedscope: kind")
        check(len(profile["samples"]) == len(profile["weights"]), "speedscope: uneven")
        check(all(0 <= f < len(frames) for s in profile["samples"] for f in s),
              "speedscope: no such frame")
        check(sum(profile["weights"]) == profile["endValue"] == sum(
            site[key] for site in process["sites"]), f"speedscope: {profile['name']}")


def fields(data):
    """(number, value) of a protobuf message."""
    def varint(at):
        value = shift = 0
        while True:
            value |= (data[at] & 127) << shift
            shift += 7
            at += 1
            if data[at - 1] < 128:
                return value, at
    at = 0
    while at < len(data):
        key, at = varint(at)
        value, at = varint(at)
        if key & 7 == 2:
            value, at = data[at:at + value], at + value
        yield key >> 3, value


def check_pprof(document, data, path):
    profile = {}
    for number, value in fields(gzip.decompress(data)):
        profile.setdefault(number, []).append(value)
    strings = [s.decode() for s in profile[6]]
    check(strings[0] == "" and len(set(strings)) == len(strings), "pprof: strings")
    check([strings[dict(fields(t))[1]] for t in profile[1]] ==
          ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"], "pprof: types")
    mappings = {dict(fields(m))[1] for m in profile[3]}
    for location in profile[4]:
        check(dict(fields(location)).get(2) in mappings, "pprof: a location without mapping")
    for function in profile[5]:
        check(3 not in dict(fields(function)), "pprof: a function with system_name")
    if not shutil.which("go"):
        skipped.append("go tool pprof")
        return
    names = set()
    for index, key in (("alloc_objects", "allocations"), ("alloc_space", "bytes"),
                       ("inuse_objects", "peak_blocks"), ("inuse_space", "peak_bytes")):
        out = run("go", "tool", "pprof", "-symbolize=none", "-top", "-nodecount=100000",
                  "-nodefraction=0", "-edgefraction=0", "-unit=B", f"-sample_index={index}",
                  path).decode()
        sum_ = re.search(r"of (\d+)B? total", out)
        check(sum_ and int(sum_[1]) == total(document, key), f"pprof {index}: {out[:300]}")
        names.update(line.split(None, 5)[5].replace(" (inline)", "") for line in
                     out.split("cum%\n")[1].splitlines())
    return names


def check_dhat(document, data, top):
    file = json.loads(data)
    process = max(document["processes"], key=lambda p: p["totals"]["peak_bytes"])
    check(file["dhatFileVersion"] == 2 and file["pid"] == process["pid"], "dhat: head")
    for key, site in (("tb", "bytes"), ("gb", "peak_bytes"), ("ebk", "live_blocks")):
        check(sum(p[key] for p in file["pps"]) == sum(s[site] for s in process["sites"]),
              f"dhat: {key}")
    check(all(f < len(file["ftbl"]) for p in file["pps"] for f in p["fs"]), "dhat: frames")
    if not os.path.exists(f"{DH_VIEW}/dh_view.js"):
        skipped.append("dh_view")
        return
    shutil.copy(f"{DH_VIEW}/dh_view.js", top)
    page = os.path.join(top, "view.html")
    with open(page, "w", encoding="utf-8") as f:
        f.write('<!DOCTYPE html><meta charset="utf-8"><script src="dh_view.js"></script>'
                '<body><script>onLoad(); gFilename = "x"; gData = ' + data.decode() +
                "; buildTree(); displayTree(0, 0, 0);</script></body>")
    text = browse(page, top)
    if text is not None:
        text = re.sub("<[^>]*>", "", text)
        for key, name in (("tb", "Total"), ("gb", "At t-gmax"), ("eb", "At t-end")):
            bytes_ = f"{sum(p[key] for p in file['pps']):,}"
            check(re.search(f"{name}: *{bytes_} bytes", text),
                  f"dh_view does not say {name} {bytes_}: {text[:1500]}")


class Assets(html.parser.HTMLParser):
    """Collects what a page would load."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [v for k, v in attrs if k in ("src", "href", "srcset", "data")]
        self.found += [tag] if tag in ("link", "iframe", "img", "object", "base") else []


def check_places(text, table):
    """The page blames the functions that the tables of the report blame."""
    page = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])
    shown = page["processes"][page["peak_process"]]
    peaks = collections.Counter()
    for site in shown["sites"]:
        peaks[page["frames"][site[10]][0] if site[10] >= 0 else ""] += site[2]
    expected = collections.Counter()
    for row in table["rows"]:
        expected[row.get("function", "")] += row["peak"]["bytes"]
    check(+peaks == +expected, f"html: places {+peaks - +expected} against {+expected - +peaks}")


def check_html(document, data, table, top, names):
    text = data.decode()
    check_places(text, table)
    assets = Assets()
    assets.feed(text)
    check(not assets.found, f"html loads {assets.found}")
    check(not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|import\(", text), "html loads")
    page = os.path.join(top, "page.html")
    with open(page, "wb") as f:
        f.write(data)
    shown = browse(page, top)
    if shown is None:
        return
    shown = re.sub(r'<script type="application/json".*?</script>', "", shown, flags=re.S)
    rows = re.search(r'<tbody id="rows">(.*?)</tbody>', shown, re.S)[1]
    for name in names:
        check(name in rows.replace("&lt;", "<").replace("&gt;", ">"), f"html: no row for {name}")
    process = max(document["processes"], key=lambda p: p["totals"]["peak_bytes"])
    check(f"{process['totals']['allocations']:,}" in shown, "html: no total")


def export_all(tenure, report, top, names):
    with open(report, encoding="utf-8") as f:
        document = json.load(f)
    out = {name: run(tenure, "export", name, report)
           for name in ("folded", "speedscope", "dhat", "html")}
    pprof = report + ".pb.gz"
    run(tenure, "export", "pprof", "--output=" + pprof, report)
    frames = check_folded(document, out["folded"], "peak_bytes")
    for cost, key in (("live", "live_bytes"), ("allocated", "bytes")):
        check_folded(document, run(tenure, "export", "folded", "--cost=" + cost, report), key)
    check_speedscope(document, out["speedscope"])
    check_dhat(document, out["dhat"], top)
    table = json.loads(run(tenure, "report", "--by=function", "--top=1000000", "--json=-", report))
    check_html(document, out["html"], table, top, names)
    with open(pprof, "rb") as f:
        functions = check_pprof(document, f.read(), pprof)
    return frames, functions


def main(tenure, program):
    with tempfile.TemporaryDirectory() as top:
        os.environ["HOME"] = top
        script, python, native = (os.path.join(top, n) for n in ("app.py", "p.json", "n.json"))
        with open(script, "w", encoding="utf-8") as f:
            f.write(PYTHON)
        run(tenure, "run", "-q", "-o", python, "--", "/usr/bin/python3", script)
        frames, functions = export_all(tenure, python, top, ("make", "<lambda>", "f"))
        check("make (app.py:4)" in frames, f"folded: no make: {sorted(frames)[:40]}")
        check("f (a:b.py:2)" in frames, "folded: the semicolon of a file name")
        if functions is not None:
            for name in ("make", "<lambda>", "<module>", "Holder.fill"):
                check(name in functions, f"pprof: no {name}")

        run(tenure, "run", "-q", "-o", native, "--", "/bin/sh", "-c", f"{program} 3>/dev/null; true")
        with open(native, encoding="utf-8") as f:
            check(len(json.load(f)["processes"]) > 1, "one process only")
        export_all(tenure, native, top, ())

        refused = subprocess.run([tenure, "export", "foldde", native], capture_output=True,
                                 text=True, check=False)
        check(refused.returncode == 2 and "tenure export folded" in refused.stderr,
              f"foldde: {refused}")
        refused = subprocess.run([tenure, "export", "folded", "--process=1", native],
                                 capture_output=True, text=True, check=False)
        check(refused.returncode == 2, f"--process=1: {refused}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
    for problem in problems:
        print(problem)
    if skipped:
        print("not installed, passed over:", ", ".join(sorted(set(skipped))))
    sys.exit(bool(problems))
