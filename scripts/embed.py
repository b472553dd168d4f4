#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A text file as C source.

usage: embed.py NAME HEADER FILE > OUT.c

OUT.c defines `const char NAME[]`, declared in HEADER, that holds FILE.
"""
import sys
from pathlib import Path


def main(name, header, path):
    data = Path(path).read_bytes() + b"\0"
    print(f'#include "{header}"\n\nconst char {name}[] = {{')
    for at in range(0, len(data), 24):
        print("".join(f"{byte}, " if byte < 128 else f"(char){byte}, "
                      for byte in data[at:at + 24]))
    print("};")


if __name__ == "__main__":
    main(*sys.argv[1:])
