#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tenure annotate: figures of a C program's lines, and what is said when a source
is not there, not in the report, or not what ran.

usage: annotate.py TENURE COMPILER...
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

MAIN = """\
#include <stdlib.h>
#include "part/part.h"
static void *kept[100];
int main(void)
{
	for (int i = 0; i < 100; i++)
		kept[i] = malloc(5120);
	for (int i = 0; i < 1000; i++)
		free(make(4096));
	return kept[0] == NULL;
}
"""
PART = """\
#include <stdlib.h>
#include "part.h"
void *make(int bytes)
{
	return malloc(bytes);
}
"""
KEPT, CALL, MADE = 7, 9, 5  # lines


def call(directory, *argv, status=0):
    env = {**os.environ, "COLUMNS": "80", "LC_ALL": "C"}
    env.pop("LD_LIBRARY_PATH", None)
    done = subprocess.run([str(word) for word in argv], cwd=directory, env=env,
                          capture_output=True, check=False)
    done.out, done.err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == status, (argv, done.returncode, done.out, done.err)
    return done


def build(directory, compiler):
    (directory / "part").mkdir()
    (directory / "main.c").write_text(MAIN)
    (directory / "part/part.c").write_text(PART)
    (directory / "part/part.h").write_text("void *make(int bytes);\n")
    call(directory, *compiler, "-g", "-O1", "-fno-optimize-sibling-calls", "main.c",
         "part/part.c", "-o", "program")


def figures(out, line):
    """(allocated, peak) of @line, as printed."""
    words = out.splitlines()[line + 1].split()
    return " ".join(words[:2]), " ".join(words[2:4])


def check_figures(tenure, directory):
    out = call(directory, tenure, "annotate", "main.c", "report.json").out
    assert figures(out, KEPT) == ("500 KiB", "500 KiB"), out
    assert out.splitlines()[CALL + 1].split()[0] == "3.91", out  # all that make() was called for
    out = call(directory, tenure, "annotate", "part/part.c", "report.json").out
    assert out.splitlines()[0] == str(directory / "part/part.c")
    assert out.splitlines()[MADE + 1].split()[:2] == ["3.91", "MiB"], out
    assert out.count("\n") == PART.count("\n") + 2 + 5, out
    assert out.splitlines()[-2].endswith("make") and out.splitlines()[-1].endswith("total")
    # From elsewhere: the end of the path is enough, and the report knows where it was.
    again = call("/", tenure, "annotate", "part.c", directory / "report.json").out
    assert again == out
    out = call(directory, tenure, "annotate", "--context", "0", "main.c", "report.json").out
    assert "int main(void)" not in out and "kept[i] = malloc" in out, out
    # Without a report: the newest one here.
    call(directory, tenure, "run", "-q", "./program")
    done = call(directory, tenure, "annotate", "main.c")
    assert "the last run here is 'tenure-program." in done.err, done.err
    assert figures(done.out, KEPT) == ("500 KiB", "500 KiB"), done.out


def check_refusals(tenure, directory):
    done = call(directory, tenure, "annotate", "mian.c", "report.json", status=2)
    assert "no allocation in 'report.json' comes from there" in done.err, done.err
    assert "try: tenure annotate" in done.err and "main.c" in done.err, done.err
    done = call(directory, tenure, "annotate", "completely-else.py", "report.json", status=2)
    assert "try: tenure report --by line report.json" in done.err, done.err
    done = call(directory, tenure, "annotate", "main.c", "nothing.json", status=2)
    assert "cannot read 'nothing.json'" in done.err, done.err
    assert "no source file given" in call(directory, tenure, "annotate", status=2).err
    done = call(directory, tenure, "annotate", "--process", "1", "main.c", "report.json", status=2)
    assert "the process is not in 'report.json'" in done.err, done.err


def check_changed_sources(tenure, directory):
    quiet = call(directory, tenure, "annotate", "main.c", "report.json")
    assert quiet.err == "", quiet.err
    (directory / "main.c").write_text(MAIN)
    done = call(directory, tenure, "annotate", "main.c", "report.json")
    assert "was changed after the run had begun" in done.err, done.err
    (directory / "main.c").write_text("".join(MAIN.splitlines(keepends=True)[:3]))
    done = call(directory, tenure, "annotate", "main.c", "report.json")
    assert "has 3 lines, and memory was allocated in line 9" in done.err, done.err
    assert "[not in the file any more]" in done.out, done.out
    (directory / "main.c").unlink()
    done = call(directory, tenure, "annotate", "main.c", "report.json", status=2)
    assert "cannot read" in done.err and "no such file" in done.err, done.err


def main():
    tenure, compiler = str(Path(sys.argv[1]).resolve()), sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="tenure-annotate-") as name:
        directory = Path(name).resolve()
        build(directory, compiler)
        call(directory, tenure, "run", "-q", "-o", "report.json", "./program")
        check_figures(tenure, directory)
        check_refusals(tenure, directory)
        check_changed_sources(tenure, directory)


main()
