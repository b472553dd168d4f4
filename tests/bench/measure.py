# SPDX-License-Identifier: Apache-2.0
"""Run one program under one tool and say exactly what each of the two cost."""

import json
import os
import re
import subprocess
import threading
import time
from pathlib import Path

SAMPLE_S = 0.02


class RunError(Exception):
    """A run ended otherwise than it must; carries what the tool printed."""


def read_status(pid):
    """Return (name, peak resident KiB) of a process, or None when it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    if "VmHWM" not in fields:
        return None
    return fields["Name"].strip(), int(fields["VmHWM"].split()[0])


def children_of(pid):
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    found = []
    for task in tasks:
        try:
            found += Path(f"/proc/{pid}/task/{task}/children").read_text().split()
        except OSError:
            pass
    return [int(child) for child in found]


class ProfilerMemory(threading.Thread):
    """Follows the peak memory of the tool's own processes.

    These are the descendants of the outer bench-run, without the inner one
    and what is below it.  Peaks are monotonic, so sampling misses only what
    a process grew in its last 20 ms.
    """

    def __init__(self, root):
        super().__init__(daemon=True)
        self.root = root
        self.peaks = {}
        self.done = threading.Event()

    def visit(self, pid):
        for child in children_of(pid):
            status = read_status(child)
            if status is None or status[0].startswith("bench-run"):
                continue
            self.peaks[child] = max(self.peaks.get(child, 0), status[1])
            self.visit(child)

    def run(self):
        while not self.done.wait(SAMPLE_S):
            self.visit(self.root)

    def finish(self):
        self.done.set()
        self.join()
        return sum(self.peaks.values())


def read_result(path, what):
    try:
        result = json.loads(path.read_text())
    except (OSError, ValueError) as err:
        raise RunError(f"{what} left no result: {err}") from err
    if result["exit"] != 0:
        raise RunError(f"{what} ended with status {result['exit']}, signal {result['signal']}")
    return result


def cpu_s(result):
    return (result["user_us"] + result["sys_us"]) / 1e6


def run(tool, workload, helpers, scratch):
    """Run @workload once under @tool; return a dict of figures.

    What the program answered is returned beside them, so that the caller can
    compare it with what the program answers without a tool.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    for old in scratch.iterdir():
        old.unlink()
    outer, inner = scratch / "outer.json", scratch / "inner.json"
    output, messages = scratch / "output", scratch / "messages"

    wrapper = helpers["bench-run-static" if tool.static_wrapper else "bench-run"]
    program = [wrapper, inner, output, *workload.command(scratch)]
    command = [helpers["bench-run-static"], outer, "-", *tool.wrap(program, scratch)]
    environment = dict(os.environ, LC_ALL="C", **workload.environment, **tool.environment(scratch))
    stdin = open(workload.stdin, "rb") if workload.stdin else subprocess.DEVNULL

    with open(messages, "wb") as told:
        child = subprocess.Popen([str(a) for a in command], stdin=stdin, stdout=told, stderr=told,
                                 env=environment, cwd=scratch)
        memory = ProfilerMemory(child.pid)
        memory.start()
        driven_s = None
        try:
            if workload.drive:
                driven_s = workload.drive(scratch)
            child.wait(timeout=900)
        except (RunError, subprocess.TimeoutExpired) as exc:
            child.kill()
            child.wait()
            raise RunError(f"{exc}\n{tail(messages)}") from exc
        finally:
            profiler_kib = memory.finish()
            if workload.stdin:
                stdin.close()
    try:
        whole, alone = read_result(outer, tool.name), read_result(inner, workload.name)
    except RunError as exc:
        raise RunError(f"{exc}\n{tail(messages)}") from exc

    figures = {
        "tool": tool.name,
        "workload": workload.name,
        "when": time.time(),
        "load": os.getloadavg()[0],
        "wall_s": driven_s if driven_s is not None else whole["wall_ns"] / 1e9,
        "program_wall_s": alone["wall_ns"] / 1e9,
        "program_cpu_s": cpu_s(alone),
        "profiler_cpu_s": max(cpu_s(whole) - cpu_s(alone), 0.0),
        "program_rss_kib": alone["rss_kib"],
        "profiler_rss_kib": profiler_kib,
        "program_faults": alone["minor_faults"],
    }
    figures.update(tool.figures(scratch))
    return figures, workload.answer(output)


def instructions(way, workload, home):
    """Return how many instructions @workload takes behind the words of @way, its library's included."""
    counts = home / "callgrind.out"
    command = [*way, "valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}",
               *workload.command(home)]
    done = subprocess.run([str(a) for a in command], capture_output=True, text=True, check=False,
                          env=dict(os.environ, LC_ALL="C", **workload.environment))
    found = re.search(r"^(?:summary|totals): (\d+)", counts.read_text(errors="replace"), re.M)
    if done.returncode != 0 or not found:
        raise RunError(f"callgrind on {workload.name}: {done.stderr[-500:]}")
    return int(found.group(1))


def tail(path, lines=12):
    text = path.read_text(errors="replace").splitlines()
    return "\n".join(text[-lines:])
