# SPDX-License-Identifier: Apache-2.0
"""Reads what targets/counter.c counted."""
import os
import struct

FUNCTIONS = (
    "malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign", "valloc",
    "pvalloc",
)
LAYOUT = struct.Struct("=QQ8Q8QQQQ256s")


class Figures:
    """The figures of one process image."""

    def __init__(self, raw):
        fields = LAYOUT.unpack_from(raw)
        self.pid = fields[0]
        self.forked = bool(fields[1])
        self.calls = dict(zip(FUNCTIONS, fields[2:10]))
        self.bytes = sum(fields[10:18])
        self.allocations = sum(fields[2:10])
        self.frees, self.reallocs, self.inner = fields[18:21]
        self.exe = fields[21].split(b"\0")[0].decode()

    def __repr__(self):
        return (f"{os.path.basename(self.exe)}[{self.pid}] {self.allocations} allocations, "
                f"{self.bytes} bytes, {self.frees} frees, {self.inner} inner")


def read(directory):
    """All images, those of one process in the order they came up."""
    images = []
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), "rb") as f:
            raw = f.read()
        if len(raw) >= LAYOUT.size:
            images.append(Figures(raw))
    return images
