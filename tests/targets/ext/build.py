#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds an extension for the interpreter that runs this, into a directory.

usage: PYTHON build.py DIRECTORY [SOURCE]

SOURCE is leaky.c beside this file unless given; its name is that of the module.
Prints the path; exits with 77 when it cannot be built here, and says why.
"""
import os
import shlex
import subprocess
import sys
import sysconfig

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "leaky.c")


def main():
    include = sysconfig.get_paths()["include"]
    if not os.path.exists(os.path.join(include, "Python.h")):
        print("no headers in " + include + ": python3-dev is not installed")
        return 77
    source = sys.argv[2] if len(sys.argv) > 2 else SOURCE
    name = os.path.splitext(os.path.basename(source))[0]
    path = os.path.join(sys.argv[1], name + sysconfig.get_config_var("EXT_SUFFIX"))
    argv = shlex.split(os.environ.get("CC", "cc")) + [
        "-shared", "-fPIC", "-g", "-O1", "-fno-optimize-sibling-calls",
        "-I" + include, source, "-o", path]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        print(done.stdout.decode(errors="replace"))
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
