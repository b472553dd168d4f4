# SPDX-License-Identifier: Apache-2.0
"""The profilers that can stand around a program: how each one is started."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path


class Tool:
    """No profiler at all; the base of the others."""

    name = "plain"
    static_wrapper = True

    def missing(self):
        """Return why this tool cannot be used, or None."""
        return None

    def fits(self, workload):
        """Return whether this tool can profile @workload."""
        return True

    def version(self):
        return ""

    def wrap(self, program, scratch):
        return program

    def environment(self, scratch):
        return {}

    def figures(self, scratch):
        return {}


class Heaptrack(Tool):
    """heaptrack as its users start it: interpreter and compressor beside the program."""

    name = "heaptrack"

    def missing(self):
        return None if shutil.which("heaptrack") else "heaptrack is not installed"

    def version(self):
        return run_version(["heaptrack", "--version"])

    def wrap(self, program, scratch):
        # Version 1.5 would open its window afterwards; earlier ones know no such option
        # and open it only where heaptrack_gui is installed.
        options = ["--record-only"] if self.knows_record_only() else []
        return ["heaptrack", *options, "-o", scratch / "trace", *program]

    def knows_record_only(self):
        script = Path(shutil.which("heaptrack")).read_text(errors="replace")
        return "--record-only" in script

    def environment(self, scratch):
        # No display: nothing can be opened on it.
        return {"DISPLAY": "", "WAYLAND_DISPLAY": ""}

    def figures(self, scratch):
        return {"capture_bytes": sum(f.stat().st_size for f in scratch.glob("trace*"))}


class HeaptrackNull(Heaptrack):
    """Only what heaptrack does inside the program: its stream goes to /dev/null."""

    name = "heaptrack-null"

    def library(self):
        home = Path(os.path.realpath(shutil.which("heaptrack"))).parent
        return home / "../lib/heaptrack/libheaptrack_preload.so"

    def missing(self):
        why = super().missing()
        if why is None and not self.library().exists():
            why = f"no {self.library()}"
        return why

    def wrap(self, program, scratch):
        return program

    def environment(self, scratch):
        return {"LD_PRELOAD": str(self.library().resolve()), "DUMP_HEAPTRACK_OUTPUT": "/dev/null"}

    def figures(self, scratch):
        return {}


class Memray(Tool):
    """memray with native stacks and all objects; Python only, from $TENURE_BENCH_MEMRAY."""

    name = "memray"
    options = ("--native", "--trace-python-allocators")

    def python(self):
        return os.environ.get("TENURE_BENCH_MEMRAY", "")

    def missing(self):
        if not self.python():
            return "TENURE_BENCH_MEMRAY does not name a Python that has memray"
        return None if os.access(self.python(), os.X_OK) else f"cannot execute {self.python()}"

    def fits(self, workload):
        return workload.python_script is not None

    def version(self):
        return run_version([self.python(), "-m", "memray", "--version"])

    def wrap(self, program, scratch):
        # program: bench-run RESULT OUTPUT python SCRIPT ARGUMENT...
        wrapper, result, output, _, script, *rest = program
        return [wrapper, result, output, self.python(), "-m", "memray", "run", "-q", "-f",
                *self.options, "-o", scratch / "trace.bin", script, *rest]

    def figures(self, scratch):
        return {"capture_bytes": (scratch / "trace.bin").stat().st_size}


class MemrayPlain(Memray):
    """memray as it is by default: Python stacks of what calls malloc."""

    name = "memray-default"
    options = ()


class MemrayNative(Memray):
    """memray --native: both stacks of what calls malloc."""

    name = "memray-native"
    options = ("--native",)


class MemrayObjects(Memray):
    """memray --trace-python-allocators: Python stacks of all objects."""

    name = "memray-objects"
    options = ("--trace-python-allocators",)


class Tracemalloc(Tool):
    """The interpreter's own tracemalloc, one frame of each stack."""

    name = "tracemalloc"
    frames = 1

    def fits(self, workload):
        return workload.python_script is not None

    def environment(self, scratch):
        return {"PYTHONTRACEMALLOC": str(self.frames)}


class TracemallocDeep(Tracemalloc):
    """tracemalloc with up to 64 frames of each stack."""

    name = "tracemalloc-64"
    frames = 64


class Tenure(Tool):
    """tenure run, with its report."""

    name = "tenure"
    # tenure refuses static programs, and follows the wrapper's child.
    static_wrapper = False

    def __init__(self, executable):
        self.executable = executable

    def missing(self):
        if not self.executable:
            return "no tenure given (--tenure)"
        return None if os.access(self.executable, os.X_OK) else f"cannot execute {self.executable}"

    def version(self):
        return run_version([self.executable, "version"])

    def options(self, scratch):
        return []

    def wrap(self, program, scratch):
        return [self.executable, "run", "--json", scratch / "report.json",
                *self.options(scratch), "--", *program]

    def figures(self, scratch):
        with open(scratch / "report.json", encoding="utf-8") as f:
            report = json.load(f)
        figures = {"events": 0, "pairs": 0, "stream_bytes": 0, "complete": True}
        for process in report["processes"]:
            totals = process["totals"]
            figures["events"] += process["events"]
            figures["stream_bytes"] += process["stream_bytes"]
            figures["pairs"] += totals["allocations"]
            figures["complete"] &= process["trust"]["complete"]
        return figures


class TenureNative(Tenure):
    """tenure run --no-python: a Python program seen as heaptrack sees it."""

    name = "tenure-native"

    def fits(self, workload):
        return workload.python_script is not None

    def options(self, scratch):
        return ["--no-python"]


class TenureNull(Tool):
    """Only what tenure does inside the program: its records are thrown away."""

    name = "tenure-null"

    def __init__(self, drain, library):
        self.drain, self.library = drain, library

    def missing(self):
        return None if os.access(self.library, os.R_OK) else f"cannot read {self.library}"

    def wrap(self, program, scratch):
        return [self.drain, self.library, scratch / "drain.json", *program]

    def figures(self, scratch):
        return {"stream_bytes": json.loads((scratch / "drain.json").read_text())["stream_bytes"]}


class TenureRecord(Tenure):
    """tenure run --record: the raw capture is kept as well."""

    name = "tenure-record"

    def options(self, scratch):
        return ["--record", scratch / "capture.tnr"]

    def figures(self, scratch):
        size = (scratch / "capture.tnr").stat().st_size
        return dict(super().figures(scratch), capture_bytes=size)


def run_version(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found.group(0) if found else ""


def all_tools(executable, drain, library):
    return [Tool(), Heaptrack(), HeaptrackNull(), Memray(), Tenure(executable),
            TenureNative(executable), TenureNull(drain, library), TenureRecord(executable)]


def python_tools(executable, drain, library):
    """Return those that say something of Python's objects or stacks."""
    return [Tool(), MemrayPlain(), MemrayNative(), MemrayObjects(), Memray(), Tracemalloc(),
            TracemallocDeep(), TenureNative(executable), Tenure(executable),
            TenureNull(drain, library)]
