#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The JSON that is written fits docs/report-schema.json, and the schema is strict.

    schema.py SCHEMA PRINT [REPORT...]
"""
import copy
import json
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(77)

problems = []


def check(condition, text):
    if not condition:
        problems.append(text)


def objects_without_end(schema, path="$"):
    """Yields the places of objects that let anything in, or that say nothing."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            if schema.get("additionalProperties") is not False:
                yield f"{path} takes additional properties"
            for key, value in schema["properties"].items():
                if "description" not in value and "$ref" not in value:
                    yield f"{path}.{key} has no description"
        for key, value in schema.items():
            yield from objects_without_end(value, f"{path}.{key}")
    elif isinstance(schema, list):
        for i, value in enumerate(schema):
            yield from objects_without_end(value, f"{path}[{i}]")


def spoiled(document):
    """Yields names and copies of the document that must be refused."""
    process = document["processes"][0]
    for key in process.keys() - {"python", "cycles"}:  # not every process has one
        bad = copy.deepcopy(document)
        del bad["processes"][0][key]
        yield f"without processes[0].{key}", bad
    for path, value in ((("processes", 0, "pid"), "1"), (("processes", 0, "novel"), 1),
                        (("processes", 0, "totals", "peak_bytes"), -1),
                        (("processes", 0, "sites", 0, "sig"), "xyz"),
                        (("processes", 0, "sites", 0, "died"), [1, 2]),
                        (("session", "start"), "today"), (("schema",), "tenure.report/2"),
                        (("frames", 0, "inlined"), False), (("stacks", 0), [])):
        bad = copy.deepcopy(document)
        at = bad
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value
        yield f"with {path} = {value!r}", bad


def consistent(name, document):
    """What a schema cannot say."""
    strings, frames, stacks = (document[k] for k in ("strings", "frames", "stacks"))
    for frame in frames:
        for key in ("function", "file", "module"):
            check(frame.get(key, 0) < len(strings), f"{name}: no string {frame}")
    for number, stack in enumerate(stacks):
        check(stack[0] < len(frames), f"{name}: stack {number} has no frame")
        check(all(caller < number for caller in stack[1:]), f"{name}: stack {number} has no end")
    for process in document["processes"]:
        totals = process["totals"]
        for sites, peak in (("sites", "peak_bytes"),):
            check(sum(s["peak_bytes"] for s in process[sites]) == totals[peak],
                  f"{name}: sites of pid {process['pid']} do not add up to its peak")
        for key in ("allocations", "live_blocks", "live_bytes", "peak_blocks"):
            check(sum(s[key] for s in process["sites"]) == totals[key],
                  f"{name}: sites of pid {process['pid']} do not add up to its {key}")
        for site in process["sites"] + process["mapped"]:
            check(site.get("stack", 0) < max(1, len(stacks)), f"{name}: no stack {site}")


def main(schema_path, program, *reports):
    with open(schema_path, encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    problems.extend(objects_without_end(schema))

    sample = json.loads(subprocess.run([program, "json"], check=True,
                                       capture_output=True).stdout)
    documents = [("the sample", sample)]
    for path in reports:
        with open(path, encoding="utf-8") as f:
            documents.append((path, json.load(f)))
    for name, document in documents:
        for error in validator.iter_errors(document):
            problems.append(f"{name}: {list(error.path)}: {error.message[:200]}")
        consistent(name, document)
    for name, bad in spoiled(sample):
        check(not validator.is_valid(bad), f"the schema takes the sample {name}")

    for problem in problems:
        print(problem)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
