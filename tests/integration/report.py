# SPDX-License-Identifier: Apache-2.0
"""The JSON report as the tests read it: no test knows the layout but this file."""
import json
import os


class Site:
    """One row of sites: its figures and the functions of its stack, leaf first."""

    def __init__(self, figures, functions):
        self.figures = figures
        self.functions = functions
        self.function = figures.get("function")

    def passes(self, name):
        return name in self.functions


class Process:
    """One process image."""

    def __init__(self, document, raw):
        self.raw = raw
        self.pid = raw["pid"]
        self.exe = raw.get("exe", "")
        self.name = os.path.basename(self.exe)
        self.forked = raw.get("forked", False)
        self.end = raw.get("end", {})
        self.totals = raw["totals"]
        self.trust = raw["trust"]
        self.by_function = self.totals.get("by_function", {})
        self.threads = raw.get("threads", [])
        self.marks = raw.get("marks", [])
        self.types = raw.get("types", [])
        self.modules = [m["path"] for m in raw.get("modules", [])]
        self.sites = [Site(s, document.functions_of(s.get("stack"))) for s in raw.get("sites", [])]
        self.mapped = [Site(s, document.functions_of(s.get("stack"))) for s in raw.get("mapped", [])]

    def site_sum(self, function, key):
        """Sum of @key over the sites whose stacks pass through @function."""
        return sum(s.figures.get(key, 0) for s in self.sites if s.passes(function))

    def lost(self):
        return sum(self.trust.get("lost", {}).values())

    def __repr__(self):
        return f"{self.name}[{self.pid}] {self.totals}"


class Report:
    """The whole document."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.raw = json.load(f)
        self.cache = {}
        self.processes = [Process(self, p) for p in self.raw["processes"]]

    def functions_of(self, stack):
        """Names of the functions on @stack, leaf first, inlined ones too."""
        if stack is None:
            return []
        if stack not in self.cache:
            names = []
            at = [stack]
            while at:
                frame, *at = self.raw["stacks"][at[0]]
                names.append(self.raw["strings"][self.raw["frames"][frame]["function"]])
            self.cache[stack] = names
        return self.cache[stack]

    def images(self, pid):
        """The images of one process, in the order they came up."""
        return [p for p in self.processes if p.pid == pid]

    def named(self, name):
        return [p for p in self.processes if p.name == name]
