# SPDX-License-Identifier: MIT
"""Marks and phases for `tenure`, from Python.

Copy this file beside your program, or put its directory into PYTHONPATH.  It
needs nothing but ctypes, and does nothing unless the program runs under
tenure:

    import tenure

    with tenure.phase("load"):
        load()
    for job in jobs:
        tenure.mark("job")      # a checkpoint, which growth is judged by
        work(job)
"""
import contextlib
import ctypes

__all__ = ["active", "mark", "phase", "phase_begin", "phase_end", "start", "stop"]


def _hook(name, result=None, arguments=()):
    try:
        hook = getattr(ctypes.CDLL(None), "tenure_hook_" + name)
    except (AttributeError, OSError, TypeError):
        return None
    hook.restype = result
    hook.argtypes = arguments
    return hook


def _named(name):
    hook = _hook(name, None, (ctypes.c_char_p,))
    if hook is None:
        return lambda text: None
    return lambda text: hook(text.encode("utf-8", "replace").replace(b"\0", b" "))


mark = _named("mark")
phase_begin = _named("phase_begin")
phase_end = _named("phase_end")
start = _hook("start") or (lambda: None)
stop = _hook("stop") or (lambda: None)
_active = _hook("active", ctypes.c_int)


def active():
    """Whether allocations are being recorded."""
    return _active is not None and _active() == 1


@contextlib.contextmanager
def phase(name):
    """A phase of the program: while the block lasts; also a decorator."""
    phase_begin(name)
    try:
        yield
    finally:
        phase_end(name)
