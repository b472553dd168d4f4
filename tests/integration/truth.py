# SPDX-License-Identifier: Apache-2.0
"""What a target says about itself (targets/native/truth.h), held against its report."""
import json


def load(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


class Checker:
    """Collects everything that is not as it was said."""

    def __init__(self, report, target_name):
        self.report = report
        self.name = target_name
        self.problems = []
        self.may_be_incomplete = False

    def expect(self, what, truth, said):
        if truth != said:
            self.problems.append(f"{what}: the truth is {truth}, the report says {said}")

    def process_of(self, truth):
        """The image that @truth is about: by process id, else the target's first."""
        if "pid" in truth:
            images = self.report.images(truth["pid"])
            index = truth.get("image", len(images) - 1)
            return images[index] if 0 <= index < len(images) else None
        images = self.report.named(self.name)
        return images[0] if images else None

    def check(self, truth):
        process = self.process_of(truth)
        if process is None:
            self.problems.append(f"no process in the report for {truth}")
            return
        for key, value in truth.items():
            if key not in ("pid", "image"):
                getattr(self, "check_" + key)(process, value)
        if not self.may_be_incomplete and not process.trust["complete"]:
            self.problems.append(f"{process.name}[{process.pid}] is not complete: {process.trust}")

    def check_totals(self, process, totals):
        for key, value in totals.items():
            self.expect(f"totals.{key}", value, process.totals.get(key))

    def check_by_function(self, process, counts):
        for key, value in counts.items():
            self.expect(f"by_function.{key}", value, process.by_function.get(key, 0))

    def check_sites(self, process, sites):
        for function, figures in sites.items():
            for key, value in figures.items():
                if key == "function":
                    said = {s.function for s in process.sites if s.passes(function)}
                    self.expect(f"{function}: function", {value}, said)
                else:
                    self.expect(f"{function}: {key}", value, process.site_sum(function, key))

    def check_mapped(self, process, sites):
        for function, figures in sites.items():
            for key, value in figures.items():
                said = sum(s.figures[key] for s in process.mapped if s.passes(function))
                self.expect(f"mapped by {function}: {key}", value, said)

    def check_stacks(self, process, stacks):
        for function, demands in stacks.items():
            found = [s.functions for s in process.sites if s.passes(function)]
            if not found:
                self.problems.append(f"no stack through {function}")
            for functions in found:
                if len(functions) < demands.get("frames_min", 0):
                    self.problems.append(f"{function}: only {len(functions)} frames")
                at = 0
                for name in demands.get("through", []):
                    if name not in functions[at:]:
                        self.problems.append(
                            f"{function}: no {name} in {functions[at:][:12]} … "
                            f"{functions[-4:]} ({len(functions)} frames)")
                        break
                    at = functions.index(name, at)

    def check_threads(self, process, threads):
        for name, figures in threads.items():
            found = [t for t in process.threads if t.get("name") == name]
            if len(found) != 1:
                names = sorted({t.get("name", "") for t in process.threads})
                self.problems.append(f"{len(found)} threads are called {name}; all: {names}")
                continue
            for key, value in figures.items():
                self.expect(f"thread {name}: {key}", value, found[0][key])

    def check_threads_min(self, process, count):
        if len(process.threads) < count:
            self.problems.append(f"only {len(process.threads)} threads")

    def check_end(self, process, end):
        for key, value in end.items():
            self.expect(f"end.{key}", value, process.end.get(key))

    def check_modules(self, process, names):
        for name in names:
            if not any(path.endswith("/" + name) for path in process.modules):
                self.problems.append(f"module {name} is missing in {process.modules}")

    def check_marks(self, process, marks):
        said = [[m["kind"], m["name"]] for m in process.marks]
        self.expect("marks", marks, said)

    def check_mark_counts(self, process, counts):
        for name, count in counts.items():
            self.expect(f"marks called {name}", count,
                        sum(m["name"] == name for m in process.marks))

    def check_types(self, process, types):
        for name, figures in types.items():
            found = [t for t in process.types if t["name"] == name]
            self.expect(f"types called {name}", 1, len(found))
            for key, value in figures.items():
                self.expect(f"type {name}: {key}", value, found[0][key] if found else None)

    def check_maps_or_lost(self, process, events):
        lost = process.lost()
        said = process.totals["maps"] + process.totals["unmaps"] + lost
        self.expect(f"maps, unmaps and {lost} lost events", events, said)
        self.expect("complete", lost == 0, process.trust["complete"])
        self.may_be_incomplete = True

    def check_events_or_lost(self, process, bounds):
        lost = process.lost()
        totals = process.totals
        said = totals["allocations"] + totals["frees"] + totals["inherited_frees"] + lost
        if not bounds[0] <= said <= bounds[1]:
            self.problems.append(f"{said} events, {lost} of them lost; the truth is {bounds}")
        self.expect("complete", lost == 0, process.trust["complete"])
        self.may_be_incomplete = True

    def check_lost_most(self, process, most):
        lost = process.lost()
        if lost > most:
            self.problems.append(f"{lost} events are lost, {most} at most are allowed")
        self.expect("complete", lost == 0, process.trust["complete"])
        self.may_be_incomplete = True

    def check_complete(self, process, complete):
        self.expect("complete", complete, process.trust["complete"])
        self.may_be_incomplete = not complete

    def check_losses(self, process, losses):
        for cause, count in losses.items():
            self.expect(f"lost {cause}", count, process.trust["lost"][cause])

    def check_processes(self, _, count):
        self.expect("processes", count, len(self.report.processes))


def compare_outcomes(plain, profiled):
    """What anybody sees of the program must be the same."""
    problems = []
    for key in ("status", "stdout", "stderr"):
        if getattr(plain, key) != getattr(profiled, key):
            problems.append(f"{key} without tenure: {getattr(plain, key)!r}\n"
                            f"{key} with tenure:    {getattr(profiled, key)!r}")
    return problems


def check_all(report, target_name, lines):
    checker = Checker(report, target_name)
    if not lines:
        checker.problems.append("the target stated no truth")
    for line in lines:
        checker.check(line)
    return checker.problems
