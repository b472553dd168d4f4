#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What CI systems are given about a verdict, read as they read it.

    verdict.py TENURE PRINT

SARIF_SCHEMA may name the JSON schema of SARIF 2.1.0, SARIF_MULTITOOL the
program of @microsoft/sarif-multitool-linux (npm), which checks files against
the schema and the rules of GitHub.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

ODD = 'a|b <i> & "q", 100%: `x`\n::error::no ]]> *é*'

problems = []
skipped = []


def check(condition, text):
    if not condition:
        problems.append(text)
    return condition


def run(*command, **kwargs):
    done = subprocess.run(command, capture_output=True, check=False, text=True, **kwargs)
    check(done.returncode == 0, f"{' '.join(command)}: {done.returncode}: {done.stderr}")
    return done.stdout


def variants(sample):
    """(name, document): one of each verdict, and one with many odd violations."""
    for status in ("pass", "fail", "inconclusive"):
        document = json.loads(json.dumps(sample))
        gate = document["gate"]
        gate["status"] = status
        if status == "pass":
            gate["violations"], gate["reasons"] = [], []
        if status == "fail":
            gate["reasons"] = []
        yield status, document
    document = json.loads(json.dumps(sample))
    strings = document["strings"]
    strings += ["/tmp/src/deep dir/x,y.c", "src/rel.py", "/usr/lib/elsewhere.c"]
    frame = {"function": 0, "kind": "native", "line": 7}
    first = len(document["frames"])
    document["frames"] += [dict(frame, file=len(strings) - n) for n in (3, 2, 1)]
    stack = len(document["stacks"])
    # elsewhere.c, called from x,y.c, called from rel.py
    document["stacks"] += [[first + 1], [first, stack], [first + 2, stack + 1]]
    base = document["gate"]["violations"][0]
    document["gate"]["status"] = "fail"
    document["gate"]["violations"] = [
        dict(base, sig=f"{n:016x}", scope=f"sig:{n:016x}", message=ODD, where=ODD,
             stack=stack + 2, culprit=stack + 2) for n in range(25)]
    yield "many", document


def check_paths(name, document, places):
    """Where the violations of "many" are: below the top, the innermost frame that is."""
    if name == "many":
        check(set(places) == {("src/deep dir/x,y.c", 7)}, f"{name}: places {set(places)}")
    check(len(places) == len(document["gate"]["violations"]), f"{name}: {len(places)} places")
    check(not any(p.startswith("/") or ".." in p for p, _ in places), f"{name}: {places}")


def check_by_multitool(name, text):
    program = os.environ.get("SARIF_MULTITOOL")
    if not program:
        skipped.append("SARIF_MULTITOOL")
        return
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "verdict.sarif")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        done = subprocess.run([program, "validate", path], capture_output=True, text=True,
                              check=False,
                              env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"})
    errors = [line for line in done.stdout.splitlines() if ": error " in line]
    check(done.returncode == 0 and not errors, f"sarif {name}: {done.stdout}")


def check_sarif(name, document, text):
    import urllib.parse
    sarif = json.loads(text)
    schema = os.environ.get("SARIF_SCHEMA")
    if schema:
        import jsonschema
        with open(schema, encoding="utf-8") as f:
            definition = json.load(f)
        for error in jsonschema.validators.validator_for(definition)(definition).iter_errors(sarif):
            problems.append(f"sarif {name}: {list(error.path)}: {error.message[:200]}")
    check_by_multitool(name, text)
    try:
        import sarif_pydantic
        parsed = sarif_pydantic.Sarif.model_validate_json(text)
        check(len(parsed.runs[0].results) == len(document["gate"]["violations"]), "sarif_pydantic")
    except ImportError:
        skipped.append("sarif_pydantic (PyPI)")
    check(sarif["version"] == "2.1.0" and len(sarif["runs"]) == 1, "sarif: head")
    one = sarif["runs"][0]
    rules = one["tool"]["driver"]["rules"]
    check(one["invocations"][0]["executionSuccessful"] ==
          (document["gate"]["status"] != "inconclusive"), f"sarif {name}: invocation")
    places, prints = [], []
    for result in one["results"]:
        check(rules[result["ruleIndex"]]["id"] == result["ruleId"], f"sarif {name}: rule")
        check(result["message"]["text"], f"sarif {name}: message")
        place = result["locations"][0]["physicalLocation"]
        check(place["artifactLocation"]["uriBaseId"] == "%SRCROOT%", f"sarif {name}: base")
        check(re.fullmatch(r"[A-Za-z0-9%/._~-]+", place["artifactLocation"]["uri"]),
              f"sarif {name}: uri {place}")
        places.append((urllib.parse.unquote(place["artifactLocation"]["uri"]),
                       place["region"]["startLine"]))
        prints.append(result["partialFingerprints"]["tenure/v1"])
    check(len(set(prints)) == len(prints), f"sarif {name}: fingerprints are not unique")
    check_paths(name, document, places)
    return prints


def check_junit(name, document, text, path):
    root = xml.etree.ElementTree.fromstring(text)
    suite = root.find("testsuite")
    violations, status = document["gate"]["violations"], document["gate"]["status"]
    for key, tag in (("tests", "testcase"), ("failures", "testcase/failure"),
                     ("errors", "testcase/error")):
        check(int(suite.get(key)) == len(suite.findall(tag)), f"junit {name}: {key}")
    check(len(suite.findall("testcase/failure")) == len(violations), f"junit {name}: failures")
    check(len(suite.findall("testcase/error")) == (status == "inconclusive"), f"junit {name}")
    if name == "many":
        check(ODD in suite.find("testcase/failure").get("message"), "junit: the message")
    try:
        import junitparser
    except ImportError:
        skipped.append("junitparser")
        return
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    parsed = [s for s in junitparser.JUnitXml.fromfile(path)][0]
    failed = [c for c in parsed if any(isinstance(r, junitparser.Failure) for r in c.result)]
    check(len(failed) == len(violations), f"junitparser {name}: {len(failed)} failures")


def check_gitlab(name, document, text, prints):
    """https://docs.gitlab.com/ci/testing/code_quality: all of these are required."""
    entries = json.loads(text)
    for entry in entries:
        check(set(entry) == {"description", "check_name", "fingerprint", "severity", "location"},
              f"gitlab {name}: {entry}")
        check(entry["severity"] in ("info", "minor", "major", "critical", "blocker"), "severity")
    check([e["fingerprint"] for e in entries] == prints, f"gitlab {name}: fingerprints")
    check_paths(name, document,
                [(e["location"]["path"], e["location"]["lines"]["begin"]) for e in entries])


def check_annotations(name, document, text):
    commands = []
    for line in text.splitlines():
        match = re.fullmatch(r"::(error|warning|notice)(?: ([^:]*))?::(.*)", line)
        if not check(match, f"annotations {name}: {line}"):
            continue
        unescape = lambda s, all_: s.replace("%0A", "\n").replace("%0D", "\r").replace(
            "%3A", ":" if all_ else "%3A").replace("%2C", "," if all_ else "%2C").replace("%25", "%")
        properties = dict(p.split("=", 1) for p in (match[2] or "").split(",") if p)
        commands.append((match[1], {k: unescape(v, True) for k, v in properties.items()},
                         unescape(match[3], False)))
    errors = [c for c in commands if c[0] == "error"]
    violations = document["gate"]["violations"]
    check(len(errors) == min(10, len(violations)), f"annotations {name}: {len(errors)} errors")
    warned = any(c[0] == "warning" for c in commands)
    check(warned == (document["gate"]["status"] == "inconclusive"), f"annotations {name}")
    if name == "many":
        check("15 more" in text, "annotations: the rest is not told of")
        check(errors[0][1]["file"] == "src/deep dir/x,y.c" and ODD in errors[0][2],
              f"annotations: {errors[0]}")


def check_markdown(name, document, text):
    gate = document["gate"]
    check(text.startswith("## tenure: ") and gate["status"] in text.splitlines()[0],
          f"markdown {name}: {text[:80]}")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    check(len(rows) == (2 + len(gate["violations"]) if gate["violations"] else 0),
          f"markdown {name}: {len(rows)} rows")
    for row in rows:
        cells = len(re.findall(r"(?<!\\)\|", row))
        check(cells == 7, f"markdown {name}: {cells} bars in {row}")
        check("<i>" not in row, f"markdown {name}: HTML in {row}")
    for reason in gate["reasons"]:
        check(reason in text, f"markdown {name}: no {reason}")


def check_openmetrics(name, document, text):
    check(text.endswith("# EOF\n"), "openmetrics: end")
    for metric, key in (("peak_bytes", "largest_peak_bytes"), ("live_bytes", "live_bytes"),
                        ("allocations", "allocations")):
        check(re.search(rf'^tenure_{metric}{{program=".*"}} {document["totals"][key]}$', text, re.M),
              f"openmetrics {name}: {metric}")
    if not shutil.which("promtool"):
        skipped.append("promtool")
        return
    run("promtool", "check", "metrics", input=text)


def main(tenure, program):
    sample = json.loads(run(program, "json"))
    sample["session"]["cwd"] = "/tmp"
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "report.json")
        for name, document in variants(sample):
            with open(path, "w", encoding="utf-8") as f:
                json.dump(document, f)
            out = {n: run(tenure, "export", n, path) for n in
                   ("sarif", "junit", "gitlab", "annotations", "markdown", "openmetrics")}
            prints = check_sarif(name, document, out["sarif"])
            check_junit(name, document, out["junit"], os.path.join(top, "junit.xml"))
            check_gitlab(name, document, out["gitlab"], prints)
            check_annotations(name, document, out["annotations"])
            check_markdown(name, document, out["markdown"])
            check_openmetrics(name, document, out["openmetrics"])
        moved = json.loads(run(tenure, "export", "gitlab", "--source-root=/tmp/src", path))
        check(moved[0]["location"]["path"] == "deep dir/x,y.c", f"--source-root: {moved[0]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
    for problem in problems:
        print(problem)
    if skipped:
        print("not installed, passed over:", ", ".join(sorted(set(skipped))))
    sys.exit(bool(problems))
