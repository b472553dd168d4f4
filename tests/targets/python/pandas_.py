# SPDX-License-Identifier: Apache-2.0
"""Tables of numbers with pandas and numpy: large buffers of C code below Python lines."""
import sys

try:
    import numpy
    import pandas
except ImportError:
    print("pandas is not installed")
    sys.exit(77)


def make_columns(count):  # shows
    return {"key": numpy.arange(count) % 100, "value": numpy.arange(count, dtype="float64")}


def summarise(frame):  # shows
    return frame.groupby("key")["value"].agg(["sum", "mean", "max"])


def join(frame, summary):  # shows
    return frame.merge(summary, left_on="key", right_index=True)


table = pandas.DataFrame(make_columns(1000000))
joined = join(table, summarise(table))
print(len(joined), float(joined["mean"].sum()), list(joined.columns))
