# SPDX-License-Identifier: Apache-2.0
"""Runs a program plainly and under tenure, and holds what came out of it."""
import os
import subprocess
import tempfile

TIMEOUT = 120
TRUTH_FD = 3

# Nobody in this interpreter may own descriptor 3, or a child could not have it.
while os.open("/dev/null", os.O_RDONLY) < TRUTH_FD:
    pass


class Outcome:
    """What a program did that anybody can see."""

    def __init__(self, status, stdout, stderr):
        self.status = status
        self.stdout = stdout
        self.stderr = stderr


def as_shell(status):
    """The exit status as a shell, and tenure run, give it."""
    return 128 - status if status < 0 else status


def call(argv, *, env=None, stdin=None, fd3=None, pass_fds=(), timeout=TIMEOUT, cwd=None):
    """Run @argv to its end; @fd3 is a path for descriptor 3."""
    environ = {**os.environ, **(env or {})}
    # Set by the test runner: would find libraries that the program cannot find by itself.
    environ.pop("LD_LIBRARY_PATH", None)
    preexec = None
    if fd3 is not None:
        environ["TRUTH_PATH"] = fd3
        file = os.open(fd3, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        pass_fds = (TRUTH_FD, *pass_fds)

        def preexec():
            os.dup2(file, TRUTH_FD)  # subprocess has no way to give it another number

    # Files, not pipes: a daemon that keeps its output open must not hold us up.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            done = subprocess.run(
                argv, env=environ, stdin=stdin or subprocess.DEVNULL, stdout=out, stderr=err,
                pass_fds=pass_fds, preexec_fn=preexec, timeout=timeout, check=False, cwd=cwd)
            status = done.returncode
        finally:
            if fd3 is not None:
                os.close(file)
        out.seek(0)
        err.seek(0)
        return Outcome(as_shell(status), out.read(), err.read())


def tenure_argv(tenure, report, argv, *options):
    return [tenure, "run", "--quiet", "-o", report, *options, "--", *argv]
