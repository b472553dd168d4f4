# SPDX-License-Identifier: Apache-2.0
"""Steps of a pipeline, each with the file it reads, which it never closes."""
import gc

STEPS = []


class Step:
    def __init__(self, path):
        self.file = open(path, "rb")  # kept, with its buffer

    def run(self):
        return len(self.file.read(100))


def pipeline(paths):
    for path in paths:
        step = Step(path)
        STEPS.append(step)
        step.run()


pipeline([__file__] * 500)
gc.collect()
