# SPDX-License-Identifier: Apache-2.0
"""A program that follows its own allocations with memray, twice, and is told what it did."""
import os
import sys
import tempfile

try:
    import memray
except ImportError:
    print("memray is not installed")
    sys.exit(77)


class Thing:
    pass


def work(count):  # shows
    return [bytearray(5000) for i in range(count)] + [Thing() for i in range(count)]


def follow(path, python_allocators):
    """Bytes at the peak that memray saw come from work()."""
    with memray.Tracker(path, trace_python_allocators=python_allocators):
        kept = work(100)
    reader = memray.FileReader(path)
    records = reader.get_high_watermark_allocation_records(merge_threads=True)
    seen = sum(record.size for record in records
               if any(frame[0] == "work" for frame in record.stack_trace()))
    return len(kept), seen >= 100 * 5000


if __name__ == "__main__":
    before = work(20)
    with tempfile.TemporaryDirectory() as directory:
        for turn in range(2):
            print(follow(os.path.join(directory, f"{turn}.bin"), bool(turn)))
    after = work(20)
