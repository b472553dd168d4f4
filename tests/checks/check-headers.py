#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each header compiles alone; the public ones also as strict C99 and as C++.

    check-headers.py ROOT BUILD CC...
"""
import concurrent.futures
import os
import shutil
import subprocess
import sys

import tree

PUBLIC = "include/tenure/"


def compile_alone(root, build, cc, path):
    """Yields what is wrong with the header at @path."""
    side = path.split("/")[0]
    flags = ["-I", f"{root}/include", "-I", f"{build}/include", "-I", f"{root}/{side}"]
    if side == "tests":
        flags += ["-I", f"{root}/analyzer", "-I", f"{root}/preload"]
    variants = [["-x", "c", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra"]]
    if path.startswith(PUBLIC) and not path.endswith(("wire.h", "wire-python.h", "wire-scan.h")):
        variants.append(["-x", "c", "-std=c99", "-pedantic", "-Wall", "-Wextra"])
        if shutil.which("c++"):
            variants.append(["-x", "c++", "-std=c++11", "-pedantic", "-Wall", "-Wextra"])

    for variant in variants:
        compiler = ["c++"] if "c++" in variant else cc
        # Twice: the include guard must hold.
        source = f'#include "{root}/{path}"\n' * 2
        done = subprocess.run(
            [*compiler, *variant, "-Werror", "-fsyntax-only", *flags, "-"],
            input=source, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            yield f"{path} {' '.join(variant[:3])}:\n{done.stderr}"


def main(root, build, *cc):
    headers = tree.files(root, ".h")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda h: list(compile_alone(root, build, cc, h)), headers)
    return tree.finish([problem for result in results for problem in result])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
