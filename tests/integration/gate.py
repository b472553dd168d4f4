#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The story of a memory gate: green, a leak, a larger peak, moved code, cut-off data.

    gate.py [--repeats N] TENURE SAMPLE MOVED
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

problems = []
MIB = 1 << 20


def check(condition, text):
    if not condition:
        problems.append(text)
        print("not ok:", text)


class Gate:
    """Runs tenure in a directory of its own."""

    def __init__(self, tenure, directory):
        self.tenure = tenure
        self.directory = directory

    def run(self, *words, expect=0):
        done = subprocess.run([self.tenure, *words], cwd=self.directory, text=True,
                              capture_output=True, timeout=120, check=False)
        self.out = done.stdout + done.stderr
        check(done.returncode == expect,
              f"tenure {' '.join(words)}: status {done.returncode}, not {expect}\n{self.out}")
        return self.out

    def put(self, name, text):
        with open(os.path.join(self.directory, name), "w", encoding="utf-8") as file:
            file.write(text)

    def load(self, name):
        with open(os.path.join(self.directory, name), encoding="utf-8") as file:
            return json.load(file)

    def reports(self):
        return sorted(name for name in os.listdir(self.directory) if name.startswith("tenure-"))

    def clear(self):
        for name in self.reports():
            os.unlink(os.path.join(self.directory, name))


def growth(gate, sample):
    out = gate.run("check", "--", sample)
    check("pass" in out, "green is not called pass")
    check(not gate.reports(), "the report of a green check was kept")
    out = gate.run("check", "--keep", "--", sample)
    check(len(gate.reports()) == 1, "--keep keeps no report")
    gate.clear()

    out = gate.run("check", "--", sample, "leak", expect=23)
    check("48 bytes per iteration" in out, "the leak has no 'bytes per iteration'")
    check("take_order" in out and "sample.cc:" in out, "the leak has no line")
    check(len(gate.reports()) == 1 and gate.reports()[0] in out, "the report was not kept")
    report = gate.load(gate.reports()[0])
    verdict = report["gate"]
    check(verdict["status"] == "fail", "JSON does not say fail")
    worst = verdict["violations"][0]
    check((worst["rule"], worst["unit"], worst["got"]) == ("growth", "bytes_per_iteration", 48),
          f"JSON has another violation: {worst}")
    frame = report["frames"][report["stacks"][worst["culprit"]][0]]
    check(report["strings"][frame["function"]] == "take_order", "JSON blames another function")
    check(gate.run("check", gate.reports()[0], expect=1), "a report is judged differently")

    # What it says can be done can be done.
    suppress = worst["suppress"].replace("WHY", "known")
    subprocess.run(["sh", "-c", suppress], cwd=gate.directory, check=True)
    out = gate.run("check", "--", sample, "leak")
    check("1 suppressed" in out and "was used 1 times (known)" in out, f"suppression: {out}")
    out = gate.run("check", "--", sample)
    check("was not used" in out, "an unused suppression is not mentioned")
    with open(os.path.join(gate.directory, ".tenure"), "a", encoding="utf-8") as file:
        file.write("\tuntil = 2020-02-29\n")
    out = gate.run("check", "--", sample, "leak", expect=23)
    check("has expired on 2020-02-29" in out, "an expired suppression is not mentioned")
    os.unlink(os.path.join(gate.directory, ".tenure"))
    gate.run("check", "--limit=growth=48", "--", sample, "leak")
    gate.run("check", "--limit=growth=47", "--", sample, "leak", expect=23)
    gate.clear()

    out = gate.run("check", "--", sample, "turns=4", expect=24)
    check("growth cannot be judged" in out, "too few turns are judged")
    gate.clear()


def budgets(gate, sample):
    gate.run("check", "--limit=peak=60MiB", "--", sample)
    out = gate.run("check", "--limit=peak=50MiB", "--", sample, expect=23)
    check("git config -f .tenure 'budget.peak'" in out, "no command to accept a budget")
    command = gate.load(gate.reports()[0])["gate"]["violations"][0]["accept"]
    gate.put(".tenure", "[budget]\n\tpeak = 50MiB\n")
    gate.run("check", "--", sample, expect=23)
    subprocess.run(["sh", "-c", command], cwd=gate.directory, check=True)
    gate.run("check", "--", sample)

    gate.put(".tenure", '[budget "function:keep_things"]\n\tlive = 20000\n\tallocations = 100\n'
             '[budget "dso:sample"]\n\tlive = 20000\n')
    gate.run("check", "--", sample)
    gate.put(".tenure", '[budget "function:keep_things"]\n\tlive = 19999\n')
    out = gate.run("check", "--", sample, expect=23)
    check("keep_things  sample.cc:" in out, "a budget's violation does not say where")
    gate.put(".tenure", '[budget "function:keep_things"]\n\tallocations = 99\n')
    gate.run("check", "--", sample, expect=23)
    gate.put(".tenure", "[budget]\n\tlive = 8MiB\n\tpeek = 200MiB\n")
    out = gate.run("check", "--", sample, expect=125)
    check("line 3" in out and "'peak'" in out, f"a wrong key is not explained: {out}")
    os.unlink(os.path.join(gate.directory, ".tenure"))
    gate.clear()


def baseline(gate, sample, moved):
    gate.run("check", "--keep", "-o", "green.json", "--", sample)
    gate.run("baseline", "save", "green.json")
    saved = gate.load(".tenure-baseline.json")
    sigs = [entry["sig"] for entry in saved["live"]]
    check(sigs == sorted(sigs) and sigs, "the baseline is not in order")
    with open(os.path.join(gate.directory, ".tenure-baseline.json"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    check(all(sum(sig in line for line in lines) == 1 for sig in sigs), "not one line each")
    gate.put(".tenure", "[baseline]\n\tfile = .tenure-baseline.json\n")

    gate.run("check", "--", sample)
    gate.run("check", "--", sample, f"keep={50 * MIB * 2 // 100}")
    out = gate.run("check", "--", sample, f"keep={50 * MIB * 8 // 100}", expect=23)
    check("total (process): peak" in out, "the larger peak is not what violates")
    accept = gate.load(gate.reports()[0])["gate"]["violations"][0]["accept"]
    gate.run("check", "--", moved)
    gate.run("check", "--limit=growth=off", "--", sample, "leak", "turns=2000", expect=23)
    check("new leak" in gate.out and "take_order" in gate.out, f"no new leak: {gate.out}")

    # Up only with a reason, down by itself.
    command = ["sh", "-c", accept.replace("tenure ", gate.tenure + " ", 1).replace("WHY", "more")]
    subprocess.run(command, cwd=gate.directory, check=True)
    gate.run("check", "--", sample, f"keep={50 * MIB * 8 // 100}")
    check(gate.load(".tenure-baseline.json")["reasons"] == {"peak": "more"}, "no reason kept")
    gate.run("baseline", "accept", sigs[0], "green.json", expect=2)
    gate.run("baseline", "update", "green.json")
    gate.run("check", "--", sample, f"keep={50 * MIB * 8 // 100}", expect=23)
    out = gate.run("baseline", "show")
    check("keep_things" in out, "show shows no function")

    # Another environment is no ground for a verdict.
    saved["environment"]["allocator"] = "jemalloc"
    gate.put(".tenure-baseline.json", json.dumps(saved))
    out = gate.run("check", "--", sample, expect=24)
    check("another environment" in out, "another environment is compared with")
    os.unlink(os.path.join(gate.directory, ".tenure"))
    gate.clear()


def cut_off(gate, sample):
    gate.run("check", "--", sample, "kill", expect=137)
    report = gate.load(gate.reports()[0])
    check(report["gate"]["status"] == "inconclusive", "a killed program is judged")
    gate.run("check", gate.reports()[0], expect=3)
    gate.clear()
    gate.run("run", "-q", "--no-output", "--record=whole.tnr", sample)
    gate.run("check", "whole.tnr")
    with open(os.path.join(gate.directory, "whole.tnr"), "rb") as file:
        data = file.read()
    with open(os.path.join(gate.directory, "cut.tnr"), "wb") as file:
        file.write(data[:len(data) * 2 // 3])
    gate.run("check", "cut.tnr", expect=3)


def differences(gate, sample, moved):
    for name, words in (("old", [sample]), ("same", [sample]), ("moved", [moved]),
                        ("leak", [sample, "leak", "turns=2000"]),
                        ("again", [sample, "leak", "turns=2000"])):
        gate.run("run", "-q", "-f", "-o", f"{name}.json", *words)
    out = gate.run("diff", "old.json", "same.json")
    check("no change" in out, f"the same program twice differs: {out}")
    gate.run("diff", "old.json", "leak.json", expect=1)
    check("take_order" in gate.out and "+93.8 KiB" in gate.out, f"diff: {gate.out}")
    out = gate.run("diff", "--json", "--control=old.json,same.json",
                   "--treatment=leak.json,again.json", expect=1)
    more = json.loads(out)["signatures"][0]
    check(more["live"]["delta"] == 2000 * 48 and "take_order" in more["name"], f"diff: {more}")
    gate.run("diff", "--control=old.json,leak.json", "--treatment=leak.json,again.json")
    out = gate.run("diff", "--md", "old.json", "leak.json", expect=1)
    check("| <code>take_order" in out, f"Markdown: {out}")
    gate.run("diff", "old.json", expect=2)


def repeats(gate, sample, times):
    for _ in range(times):
        gate.run("check", "--", sample, "threads=8")
    gate.run("check", "--repeat=3", "--", sample, "threads=8")
    check("3 runs" in gate.out, "--repeat does not say so")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("tenure")
    parser.add_argument("sample")
    parser.add_argument("moved")
    arguments = parser.parse_args()
    sample, moved = map(os.path.abspath, (arguments.sample, arguments.moved))

    for key in list(os.environ):
        if key.startswith("TENURE_C") or key == "XDG_CONFIG_HOME":
            del os.environ[key]
    with tempfile.TemporaryDirectory() as directory:
        os.environ["HOME"] = directory
        gate = Gate(os.path.abspath(arguments.tenure), directory)
        growth(gate, sample)
        budgets(gate, sample)
        baseline(gate, sample, moved)
        cut_off(gate, sample)
        differences(gate, sample, moved)
        repeats(gate, sample, arguments.repeats)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
