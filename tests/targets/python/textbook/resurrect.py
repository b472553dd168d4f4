# SPDX-License-Identifier: Apache-2.0
"""Objects that the collector has found dead, and that then will not die."""
import gc

saved = []


class Phoenix:
    def __init__(self):
        self.ashes = bytes(800000)
        self.me = self

    def __del__(self):
        saved.append(self)


def burn():
    Phoenix()


burn()
gc.collect()
assert len(saved) == 1
