#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Includes go one way (docs/style.md 4), files are short, and each names its licence.

    check-layers.py ROOT
"""
import os
import re
import sys

import tree

# A layer may include what stands beside it, and itself.
LAYERS = {
    "include/base": (),
    "include/tenure": (),
    "preload": ("include/base", "include/tenure"),
    "analyzer/base": ("include/base", "include/tenure"),
    "analyzer/launch": ("analyzer/base",),
    "analyzer/input": ("analyzer/base",),
    "analyzer/model": ("analyzer/base", "analyzer/input"),
    "analyzer/symbol": ("analyzer/base", "analyzer/model"),
    "analyzer/analysis": ("analyzer/base", "analyzer/model"),
    "analyzer/report": (
        "analyzer/base", "analyzer/model", "analyzer/symbol", "analyzer/analysis"),
    "analyzer/gate": ("analyzer/base", "analyzer/model", "analyzer/symbol", "analyzer/report"),
    "analyzer/export": (
        "analyzer/base", "analyzer/model", "analyzer/symbol", "analyzer/report"),
    "analyzer/cmd": (
        "analyzer/base", "analyzer/launch", "analyzer/input", "analyzer/model",
        "analyzer/symbol", "analyzer/analysis", "analyzer/report", "analyzer/gate",
        "analyzer/export"),
}
EVERYBODY = ("include/base", "include/tenure")

# System headers that only some may use.
RESERVED = {
    "libunwind.h": ("preload/unwind.c", "tests/unit/", "tests/paranoid/"),
    "stdio.h": ("analyzer/", "tests/"),
    "locale.h": ("analyzer/", "tests/"),
    "assert.h": ("analyzer/", "tests/"),
    "jansson.h": ("analyzer/", "tests/"),
    "gelf.h": ("analyzer/symbol/", "analyzer/launch/", "tests/"),
    "elfutils/libdw.h": ("analyzer/symbol/", "tests/"),
    "elfutils/libdwfl.h": ("analyzer/symbol/", "tests/"),
}

LINES_MAX = 600
HEADER_LINES_MAX = 400

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)


def layer_of(path):
    for layer in LAYERS:
        if path.startswith(layer + "/"):
            return layer
    return None


def resolve(root, path, name):
    """The file that #include "@name" in @path means, relative to @root."""
    sides = ("preload", "analyzer") if not path.startswith(("preload", "analyzer")) else (
        path.split("/")[0],)
    for directory in (os.path.dirname(path), "include", *sides):
        candidate = os.path.normpath(os.path.join(directory, name))
        if os.path.exists(os.path.join(root, candidate)):
            return candidate
    return None


def check_includes(root, path, text):
    layer = layer_of(path)
    for kind, name in INCLUDE.findall(text):
        if kind == "<":
            allowed = RESERVED.get(name)
            if allowed and not path.startswith(allowed):
                yield f"{path}: <{name}> is reserved for {', '.join(allowed)}"
            continue
        target = resolve(root, path, name)
        if target is None:
            # Made by the build (version.h), or a file that is not there: the compiler knows.
            continue
        other = layer_of(target)
        if layer and other is None:
            yield f"{path}: includes {target}, which is in no layer"
        elif layer and other != layer and other not in LAYERS[layer] + EVERYBODY:
            yield f"{path}: {layer} must not include {other} ({name})"
        elif path.startswith("tests/targets/") and other not in (None, "include/tenure"):
            yield f"{path}: a target is a program like any other, it must not include {name}"


def check_file(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        text = f.read()
    lines = text.count("\n")
    limit = HEADER_LINES_MAX if path.endswith(".h") else LINES_MAX

    if "SPDX-License-Identifier:" not in "\n".join(text.split("\n")[:2]):
        yield f"{path}: no SPDX line at the top"
    if path.endswith((".c", ".h", ".cc")):
        if lines > limit:
            yield f"{path}: {lines} lines, the limit is {limit}"
        yield from check_includes(root, path, text)


def main(root):
    problems = []
    paths = tree.files(root, ".c", ".h", ".cc", ".py", ".sh", "meson.build")
    if len(paths) < 20:
        problems.append(f"only {len(paths)} files under {root}: not the source tree")
    for path in paths:
        problems += check_file(root, path)
    return tree.finish(problems)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
