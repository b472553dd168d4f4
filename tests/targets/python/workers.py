# SPDX-License-Identifier: Apache-2.0
"""Processes of multiprocessing, made by the method that is given."""
import multiprocessing
import sys


class InWorker:
    pass


def work(count):
    return len([InWorker() for _ in range(count)])


if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(2) as pool:
        print(sum(pool.map(work, [1000, 2000, 3000], chunksize=1)))
