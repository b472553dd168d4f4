# SPDX-License-Identifier: Apache-2.0
"""The source files of the tree, for the checks."""
import os

TOPS = ("include", "preload", "analyzer", "tests", "scripts", "docs", ".ci")


def files(root, *endings):
    """Paths relative to @root, sorted, of the files that end so."""
    found = []
    for top in TOPS:
        for directory, subdirectories, names in os.walk(os.path.join(root, top)):
            subdirectories[:] = [d for d in subdirectories if d != "__pycache__"]
            for name in names:
                if name.endswith(endings):
                    found.append(os.path.relpath(os.path.join(directory, name), root))
    return sorted(found)


def finish(problems):
    for problem in problems:
        print(problem)
    return 1 if problems else 0
