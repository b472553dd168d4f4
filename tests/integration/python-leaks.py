#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Leaks of Python programs and of their extensions, planted and then looked for,
on every interpreter that can be found.

usage: as python.py
"""
import sys

import python

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def planted(context, code, **kwargs):
    """Record @code, which may import the extension."""
    path = context.extension()
    return context.recorded(["-c", code], env={"PYTHONPATH": path}, **kwargs)


@test
def a_buffer_of_an_extension_is_live_at_the_end(context):
    done = planted(context, "import leaky\nfor i in range(7): leaky.leak_buffer(123457)\n")
    python.complete(done.document)
    # Once specialised, the interpreter calls it by a shorter way: two stacks.
    blocks = 0
    for site in done.document.processes[0]["sites"]:
        if site["live_bytes"] != site["live_blocks"] * 123457:
            continue
        names = [done.document.strings[f["function"]]
                 for f in done.document.frames(site.get("stack"))]
        if "leak_buffer" in names:
            assert names.index("leak_buffer") < names.index("<module>"), names
            blocks += site["live_blocks"]
    assert blocks == 7, blocks


if __name__ == "__main__":
    sys.exit(python.main(TESTS))
