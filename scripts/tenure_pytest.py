# SPDX-License-Identifier: MIT
"""A plugin for pytest: what every test does with memory, for `tenure`.

    tenure run -o report.json -- python3 -m pytest -p tenure_pytest
    tenure check --budget .tenure report.json

Have this file and tenure.py in PYTHONPATH.  Without tenure around it the
plugin does nothing.  With pytest-xdist every worker marks its own tests.

Every test is a phase "test:NODEID".  A budget in .tenure takes them by glob:

    [budget "phase:test:tests/test_load.py::*"]
        peak = 64MiB

or stands at the test; --tenure-budget=FILE writes those to a budget file:

    @pytest.mark.tenure(peak="24MiB", live="1MiB")

A test that is to leave nothing behind is run again until it does so.  It fails
if memory rises every time; `tenure check` then names the stack, for each
repetition is a checkpoint:

    @pytest.mark.tenure(leaks=False)        or --tenure-leaks=GLOB

Fixtures are set up once for all repetitions.
"""
import array
import ctypes
import fnmatch
import gc
import sys

import pytest

import tenure

WARMUP = 3       # repetitions that may fill caches
REPEAT_MAX = 12  # repetitions after that
STEADY = 2       # this many without a rise in a row are enough
FLOOR_BYTES = 16 # per repetition, of malloc; one block of Python's allocators


class _Mallinfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
        "fordblks", "keepcost")]


try:
    _mallinfo2 = ctypes.CDLL(None).mallinfo2
    _mallinfo2.restype = _Mallinfo2
except (AttributeError, OSError):
    _mallinfo2 = None


def _malloc_bytes():
    if _mallinfo2 is None:
        return 0
    info = _mallinfo2()
    return info.uordblks + info.hblkhd


def _phase(item):
    return "test:" + item.nodeid


def _budget(item):
    """Limits of the markers, those nearest to the test first."""
    limits = {}
    for marker in item.iter_markers("tenure"):
        for name, value in marker.kwargs.items():
            if name != "leaks":
                limits.setdefault(name, value)
    return limits


def _is_leak_test(item):
    for marker in item.iter_markers("tenure"):
        if "leaks" in marker.kwargs:
            return not marker.kwargs["leaks"]
    pattern = item.config.getoption("tenure_leaks")
    return bool(pattern) and fnmatch.fnmatchcase(item.nodeid, pattern)


def _quoted(scope):
    """A test's name in the title of a section, where it is a glob in quotes."""
    for char in "\\*?[":
        scope = scope.replace(char, "\\" + char)
    return scope.replace("\\", "\\\\").replace('"', '\\"')


def pytest_addoption(parser):
    group = parser.getgroup("tenure", "memory, under tenure")
    group.addoption("--tenure-leaks", metavar="GLOB", default="",
                    help="run tests whose id matches again until they leave nothing behind")
    group.addoption("--tenure-budget", metavar="FILE", default="",
                    help="write the budgets of the markers to FILE, for tenure check --budget")


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "tenure(leaks=, peak=, live=): what the test may do with memory; "
                   "looked at under tenure")


def pytest_collection_finish(session):
    path = session.config.getoption("tenure_budget")
    worker = getattr(session.config, "workerinput", {}).get("workerid", "gw0")
    if not path or worker != "gw0" or (
            worker == "gw0" and not session.items):
        return
    with open(path, "w", encoding="utf-8") as file:
        for item in session.items:
            limits = _budget(item)
            if limits:
                file.write(f'[budget "phase:{_quoted(_phase(item))}"]\n')
                file.writelines(f"\t{name} = {value}\n" for name, value in limits.items())


def _repeat(item):
    """Runs the test again and again.  Fails if memory rises every time."""
    # No list of numbers: each would be a block that stays.
    blocks = array.array("q", bytes(8 * (REPEAT_MAX + 1)))
    native = array.array("q", bytes(8 * (REPEAT_MAX + 1)))
    steady = 0
    for round_ in range(-WARMUP, REPEAT_MAX + 1):
        if round_ >= 0:
            gc.collect()
            blocks[round_] = sys.getallocatedblocks()
            native[round_] = _malloc_bytes()
        if round_ > 0:
            rises = (blocks[round_] - blocks[round_ - 1] >= 1 or
                     native[round_] - native[round_ - 1] >= FLOOR_BYTES)
            steady = 0 if rises else steady + 1
            if steady == STEADY:
                return
        if round_ < REPEAT_MAX:
            with tenure.phase(_phase(item)):
                item.runtest()
    rising_blocks = all(blocks[i + 1] - blocks[i] >= 1 for i in range(REPEAT_MAX))
    rising_bytes = all(native[i + 1] - native[i] >= FLOOR_BYTES for i in range(REPEAT_MAX))
    if rising_blocks or rising_bytes:
        pytest.fail(
            f"memory rises every time: by {(blocks[-1] - blocks[0]) / REPEAT_MAX:.1f} blocks of "
            f"Python and {(native[-1] - native[0]) / REPEAT_MAX:.0f} bytes of malloc per "
            f"repetition, over {REPEAT_MAX}; tenure check names the stack", pytrace=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    if not tenure.active():
        yield
        return
    with tenure.phase(_phase(item)):
        outcome = yield
    if outcome.excinfo is None and _is_leak_test(item):
        try:
            _repeat(item)
        except BaseException as error:  # what a test can raise, pytest reports
            if hasattr(outcome, "force_exception"):
                outcome.force_exception(error)
            else:
                raise
