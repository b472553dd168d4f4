# SPDX-License-Identifier: Apache-2.0
"""The programs that are measured; each does the same work in every run."""

import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import generate
from measure import RunError


class Workload:
    """One program with its input.

    @scale shrinks the work for a smoke run.  prepare() makes input files in
    @home once; command() gives the argument vector of one run.
    """

    name = ""
    title = ""
    program = ""
    python_script = None
    stdin = None
    drive = None

    def __init__(self, home, helpers, scale):
        self.home = home
        self.helpers = helpers
        self.scale = scale
        self.environment = {}

    def missing(self):
        return None if shutil.which(self.program) else f"{self.program} is not installed"

    def prepare(self):
        """Make what command() needs."""

    def command(self, scratch):
        raise NotImplementedError

    def answer(self, output):
        """Return what the program answered, to be compared between tools."""
        return hashlib.sha256(output.read_bytes()).hexdigest()

    def scaled(self, count):
        return max(int(count * self.scale), 1)


class Churn(Workload):
    """C++: small blocks at the end of 34 frames."""

    pairs = 12_000_000

    def __init__(self, home, helpers, scale, threads=1, depth=27, live=1000, pairs=pairs):
        super().__init__(home, helpers, scale)
        self.pairs = pairs
        self.threads, self.depth, self.live = threads, depth, live
        self.name = f"churn-{threads}"
        self.title = f"C++ churn, 34 frames, {threads} thread{'s' if threads > 1 else ''}"

    def blocks(self):
        """Return how many blocks one run makes."""
        return self.scaled(self.pairs) + self.live

    def missing(self):
        return None if self.helpers.get("churn") else "churn was not built (no C++ compiler)"

    def command(self, scratch):
        return [self.helpers["churn"], "--pairs", self.scaled(self.pairs), "--threads",
                self.threads, "--depth", self.depth, "--live", self.live]


class Spawn(Workload):
    """Threads that do next to nothing: what one costs to start and to keep."""

    def __init__(self, home, helpers, scale, count, alive):
        super().__init__(home, helpers, scale)
        self.count, self.alive = count, alive
        self.name = f"spawn-{alive}"
        self.title = f"{count} threads, {alive} at a time"

    def missing(self):
        return None

    def command(self, scratch):
        return [self.helpers["spawn"], self.count, self.alive]


class Sqlite(Workload):
    name = "sqlite"
    title = "sqlite3, 1 M rows in memory, indexed"
    program = "sqlite3"

    def prepare(self):
        self.stdin = self.home / "rows.sql"
        self.stdin.write_text(generate.sql(self.scaled(1_000_000)))

    def command(self, scratch):
        return ["sqlite3", "-batch", ":memory:"]


class PythonJson(Workload):
    name = "python-json"
    title = "CPython, JSON"
    rounds = 450

    def __init__(self, home, helpers, scale):
        super().__init__(home, helpers, scale)
        self.program = os.environ.get("TENURE_BENCH_PYTHON", "/usr/bin/python3")
        self.environment = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}

    def prepare(self):
        self.python_script = self.home / "make-json.py"
        self.python_script.write_text(generate.JSON_SCRIPT)

    def command(self, scratch):
        return [self.program, self.python_script, self.scaled(self.rounds)]


class PythonWork(PythonJson):
    """One of the programs in python-work.py."""

    def __init__(self, home, helpers, scale, work, title, count):
        super().__init__(home, helpers, scale)
        self.work, self.count = work, count
        self.name, self.title = f"python-{work}", f"{work}: {title}"

    def prepare(self):
        self.python_script = Path(__file__).resolve().parent / "python-work.py"

    def command(self, scratch):
        return [self.program, self.python_script, self.work, self.scaled(self.count)]


class PythonJsonMalloc(PythonJson):
    name = "python-json-malloc"
    title = "CPython, JSON, PYTHONMALLOC=malloc"

    def __init__(self, home, helpers, scale):
        super().__init__(home, helpers, scale)
        self.environment["PYTHONMALLOC"] = "malloc"


class Perl(Workload):
    name = "perl"
    title = "perl, hashes of words"
    program = "perl"

    def prepare(self):
        # In a file: heaptrack 1.4 cannot read back an argument of several lines.
        self.script = self.home / "words.pl"
        self.script.write_text(generate.PERL_SCRIPT)

    def command(self, scratch):
        return ["perl", self.script, self.scaled(600_000)]


class Compile(Workload):
    name = "cc1"
    title = "gcc's cc1 -O1, 350 functions"
    program = "gcc"

    def prepare(self):
        self.source = self.home / "large.c"
        self.source.write_text(generate.c_source(self.scaled(350)))
        found = subprocess.run(["gcc", "-print-prog-name=cc1"], capture_output=True, text=True,
                               check=True)
        self.cc1 = found.stdout.strip()

    def command(self, scratch):
        return [self.cc1, "-quiet", "-O1", self.source, "-o", "-"]


class GitLog(Workload):
    name = "git-log"
    title = "git log -p, 4,000 commits"
    program = "git"

    def prepare(self):
        self.repository = self.home / "repository.git"
        generate.repository(self.repository, self.scaled(4000))

    def command(self, scratch):
        return ["git", "--git-dir", self.repository, "--no-pager", "log", "-p", "--no-color"]


class Redis(Workload):
    """The server under the tool, redis-benchmark beside it; wall time is the client's."""

    name = "redis"
    title = "redis-server under redis-benchmark"
    program = "redis-server"

    def missing(self):
        for program in ("redis-server", "redis-benchmark", "redis-cli"):
            if not shutil.which(program):
                return f"{program} is not installed"
        return None

    def command(self, scratch):
        # Relative: the path of a socket must be short.
        return ["redis-server", "--port", "0", "--unixsocket", "redis.sock", "--save", "",
                "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning"]

    def client(self, scratch, *arguments):
        return subprocess.run(arguments, cwd=scratch, capture_output=True, text=True, timeout=600,
                              check=False)

    def drive(self, scratch):
        deadline = time.monotonic() + 60
        while "PONG" not in self.client(scratch, "redis-cli", "-s", "redis.sock", "ping").stdout:
            if time.monotonic() > deadline:
                raise RunError("redis-server does not answer")
            time.sleep(0.02)
        begin = time.monotonic()
        done = self.client(scratch, "redis-benchmark", "-s", "redis.sock", "-q", "-n",
                           str(self.scaled(400_000)), "-r", "100000", "-P", "16", "-t",
                           "set,get,lpush,hset,zadd")
        wall = time.monotonic() - begin
        self.client(scratch, "redis-cli", "-s", "redis.sock", "shutdown", "nosave")
        if done.returncode != 0:
            raise RunError("redis-benchmark failed: " + done.stderr)
        return wall

    def answer(self, output):
        return ""


def all_workloads(home, helpers, scale):
    found = [Sqlite(home, helpers, scale)]
    found += [Churn(home, helpers, scale, threads) for threads in (1, 2, 4)]
    found += [kind(home, helpers, scale)
              for kind in (Redis, Compile, PythonJson, PythonJsonMalloc, Perl, GitLog)]
    return found


def python_workloads(home, helpers, scale):
    """Kinds of Python programs, from one that allocates next to nothing on."""
    return [PythonWork(home, helpers, scale, *work) for work in (
        ("calls", "functions and methods, next to no objects", 12_000),
        ("churn", "lines of a log taken to pieces", 1000),
        ("json", "records to JSON and back", 150),
        ("growth", "an index that only grows", 250_000),
        ("cycles", "trees whose nodes know their parents", 800),
        ("big", "a few large blocks", 25),
        ("threads", "four threads that hand work to one another", 40_000))]


def curve_workloads(home, helpers, scale):
    """Return {axis: [(x, workload)]}: what the plots show."""
    def churn(**how):
        return Churn(home, helpers, scale, pairs=3_000_000, **how)

    return {
        "threads": [(n, churn(threads=n)) for n in (1, 2, 4, 8)],
        "depth": [(n, churn(depth=n)) for n in (8, 16, 32, 64, 128, 256)],
        "live": [(n, churn(live=n)) for n in (10_000, 100_000, 1_000_000, 10_000_000)],
        "length": [(n, Churn(home, helpers, scale, pairs=n))
                   for n in (1_000_000, 4_000_000, 16_000_000)],
    }


def limit_workloads(home, helpers, scale):
    """What one thread costs: one at a time for its start, many at once for its memory."""
    return [Spawn(home, helpers, scale, max(int(20_000 * scale), 1), 1),
            Spawn(home, helpers, scale, 64, 64)]


def scratch_home():
    base = Path(os.environ.get("TMPDIR", "/tmp"))
    return base / f"tenure-bench-{os.getuid()}"
