#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The step of action.yml that checks, run as GitHub's runner runs it; and GitLab's artifacts.

    action.py TENURE ROOT

The step before it builds and installs packages: here TENURE stands for what it leaves.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError:
    print("python3-yaml is not installed")
    sys.exit(77)

LEAK = """
#include <stdlib.h>
#include "tenure/tenure.h"
void *volatile kept;
int main(int argc, char **argv)
{
	for (int i = 0; i < 40; i++) {
		tenure_mark("turn");
		void *block = malloc(640);
		if (argc > 1)
			kept = block;
		else
			free(block);
	}
	return 0;
}
"""

problems = []


def check(condition, text):
    if not condition:
        problems.append(text)


def clean():
    return {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "GITLAB_", "CI"))}


def run_action(action, root, top, inputs):
    """(status, log, summary) of the action's last step."""
    step = action["runs"]["steps"][-1]
    check(step["shell"] == "bash", "the shell of the step")
    values = {name: str(spec.get("default", "")) for name, spec in action["inputs"].items()}
    values.update(inputs)
    for name, spec in action["inputs"].items():
        check(not spec.get("required") or name in inputs, f"input {name}")
    fill = lambda text: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda m: values[m[1]], text)
    check("${{" not in step["run"], "inputs in a script can be anything, also commands")
    summary = os.path.join(top, "summary")
    open(summary, "w", encoding="utf-8").close()
    environment = dict(clean(), GITHUB_ACTIONS="true", GITHUB_WORKSPACE=top,
                       GITHUB_STEP_SUMMARY=summary, GITHUB_ACTION_PATH=root, RUNNER_TEMP=top,
                       **{k: fill(v) for k, v in step["env"].items()})
    done = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                          cwd=top, env=environment, capture_output=True, text=True, check=False)
    with open(summary, encoding="utf-8") as f:
        return done.returncode, done.stdout + done.stderr, f.read()


def main(tenure, root):
    with open(os.path.join(root, "action.yml"), encoding="utf-8") as f:
        action = yaml.safe_load(f)
    check(action["runs"]["using"] == "composite", "not a composite action")
    with tempfile.TemporaryDirectory() as top:
        os.mkdir(os.path.join(top, "tenure"))
        os.symlink(tenure, os.path.join(top, "tenure", "tenure"))
        with open(os.path.join(top, "leak.c"), "w", encoding="utf-8") as f:
            f.write(LEAK)
        subprocess.run(["cc", "-g", "-I", os.path.join(root, "include"), "leak.c", "-o", "leak"],
                       cwd=top, check=True)

        status, log, summary = run_action(action, root, top, {"run": "./leak"})
        check(status == 0 and "::error" not in log, f"no leak: {status}: {log}")
        check("pass" in summary.splitlines()[0], f"no leak: {summary}")

        status, log, summary = run_action(
            action, root, top, {"run": "./leak x", "sarif": "out.sarif", "options": "--warmup=2"})
        check(status == 23, f"a leak: status {status}: {log}")
        check(re.search(r"^::error file=leak\.c,line=\d+,title=tenure%3A growth::.*640", log, re.M),
              f"a leak: {log}")
        check("fail" in summary.splitlines()[0] and "640" in summary, f"a leak: {summary}")
        with open(os.path.join(top, "out.sarif"), encoding="utf-8") as f:
            check(len(json.load(f)["runs"][0]["results"]) == 1, "a leak: SARIF")
        with open(os.path.join(top, "tenure-report.json"), encoding="utf-8") as f:
            check(json.load(f)["gate"]["status"] == "fail", "a leak: the report")

        status, log, _ = run_action(action, root, top, {"run": "exit 7"})
        check(status == 7, f"exit 7: {status}: {log}")

        done = subprocess.run(
            [tenure, "check", "--junit=j.xml", "-f", "-o", "r.json", "--", "./leak", "x"], cwd=top,
            env=dict(clean(), GITLAB_CI="true", CI_PROJECT_DIR=top), capture_output=True,
            text=True, check=False)
        check(done.returncode == 23 and "::error" not in done.stderr, f"GitLab: {done}")
        with open(os.path.join(top, "tenure-codequality.json"), encoding="utf-8") as f:
            entries = json.load(f)
        check([e["location"]["path"] for e in entries] == ["leak.c"], f"GitLab: {entries}")
        check(os.path.getsize(os.path.join(top, "tenure-metrics.txt")) > 100 and
              os.path.getsize(os.path.join(top, "j.xml")) > 100, "GitLab: files")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), sys.argv[2])
    for problem in problems:
        print(problem)
    sys.exit(bool(problems))
