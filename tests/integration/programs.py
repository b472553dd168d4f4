# SPDX-License-Identifier: Apache-2.0
"""The real programs of real-programs.py: how each is started, used and ended."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time


class Missing(Exception):
    """The program of the case is not installed."""


def need(*names):
    paths = []
    for name in names:
        path = shutil.which(name, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
        if not path:
            raise Missing(f"{name} is not installed")
        paths.append(path)
    return paths


# Programs that run to their end by themselves: each function gives the arguments.

def sqlite3(bench):
    (program,) = need("sqlite3")
    return [program, ":memory:",
            "create table t(a integer primary key, b text);"
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)"
            " insert into t select i, 'row ' || i from n;"
            "create index x on t(b); select count(*), max(b) from t;"]


def gcc(bench):
    (program,) = need("gcc")
    with open(bench.path("source.c"), "w", encoding="ascii") as f:
        f.write("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n")
        for i in range(100):
            f.write(f"int f{i}(int n) {{ return n > 0 ? f{i}(n - 1) * {i} + (int)strlen(\"{i}\")"
                    f" : printf(\"%d\\n\", n); }}\n")
    return [program, "-O2", "-c", bench.path("source.c"), "-o", bench.path("object.o")]


def python3(bench):
    need("python3")
    return ["/usr/bin/python3", "-c",
            "import json, re; d = {str(i): [i] * 10 for i in range(5000)};"
            "print(len(json.dumps(d)), len(re.findall('1', json.dumps(d))))"]


def git_log(bench):
    (program,) = need("git")
    repo = bench.path("repo")
    env = {**os.environ, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org",
           "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
           "GIT_CONFIG_GLOBAL": "/dev/null"}
    subprocess.run([program, "init", "-q", repo], check=True, env=env, capture_output=True)
    for i in range(5):
        with open(os.path.join(repo, "file"), "a", encoding="ascii") as f:
            f.write(f"line {i}\n" * 100)
        subprocess.run([program, "-C", repo, "add", "file"], check=True, env=env)
        subprocess.run([program, "-C", repo, "commit", "-qm", f"change {i}"], check=True, env=env)
    return [program, "-C", repo, "--no-pager", "log", "--stat", "-p"]


def perl(bench):
    (program,) = need("perl")
    return [program, "-e", "my %h; $h{$_ % 1000} .= $_ x 3 for 1..20000; print scalar(keys %h),"
            " ' ', length(join('', values %h)), qq(\\n); exit 3"]


def awk(bench):
    (program,) = need("awk")
    return [program, "BEGIN { for (i = 0; i < 20000; i++) a[i] = i \"x\"; print length(a) }"]


def bash(bench):
    (program,) = need("bash")
    return [program, "--norc", "-c",
            "a=(); for i in {1..300}; do a+=($(printf %s $i)); done;"
            "echo ${#a[@]} | cat | wc -c; (exit 3) || x=$(ls / | sort | head -1); echo $x; exit 9"]


def xz(bench):
    (program,) = need("xz")
    return [program, "-3", "-T2", "-c", "/bin/bash"]


def gzip(bench):
    (program,) = need("gzip")
    return [program, "-c", "/bin/bash"]


def find(bench):
    (program,) = need("find")
    return [program, "/usr/include", "-name", "*.h", "-newer", "/nonexistent-file"]


def sort(bench):
    (program,) = need("sort")
    with open(bench.path("lines"), "w", encoding="ascii") as f:
        f.writelines(f"{i * 7919 % 100003}\n" for i in range(100000))
    return [program, "--parallel=2", "-n", bench.path("lines")]


def make(bench):
    (program, _) = need("make", "gcc")
    with open(bench.path("Makefile"), "w", encoding="ascii") as f:
        f.write("all: a.o b.o c.o\n%.o: %.c\n\t$(CC) -c $< -o $@\n")
    for letter in "abc":
        with open(bench.path(letter + ".c"), "w", encoding="ascii") as f:
            f.write(f"#include <stdlib.h>\nint {letter}(void) {{ return abs(1); }}\n")
    return [program, "-s", "-B", "-j2", "-C", bench.directory]


def daemon(bench):
    (program,) = need("perl")
    done = bench.path("done")
    return [program, "-MPOSIX", "-e",
            "exit 0 if fork; setsid; exit 0 if fork; chdir '/'; POSIX::close($_) for 0..1023;"
            "open STDIN, '<', '/dev/null'; open STDOUT, '>', '/dev/null';"
            "my %h = map { $_ => 'x' x $_ } 1..3000;"
            f"open my $f, '>', '{done}'; print $f scalar(keys %h); close $f"]


# ------------------------------------------------------------------ servers

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, child):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if child.poll() is not None:
            raise RuntimeError(f"the server ended with {child.returncode}")
        time.sleep(0.01)
    raise RuntimeError("the server does not listen")


def redis_server(bench, wrap):
    server, client, load = need("redis-server", "redis-cli", "redis-benchmark")
    port = free_port()
    argv = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir",
            bench.directory, "--daemonize", "no", "--io-threads", "2"]
    child = subprocess.Popen(
        wrap(argv), env={**os.environ, **bench.env}, stdout=subprocess.DEVNULL)
    try:
        wait_for_port(port, child)
        clients = [subprocess.Popen(
            [load, "-p", str(port), "-q", "-n", "3000", "-c", "10", "-r", "1000", "-t", tests],
            stdout=subprocess.DEVNULL) for tests in ("set,get,incr", "lpush,sadd,hset")]
        seen = [c.wait(timeout=60) for c in clients]
        answer = subprocess.run(
            [client, "-p", str(port), "eval", "return redis.call('dbsize') > 0", "0"],
            capture_output=True, check=False).stdout
        subprocess.run([client, "-p", str(port), "bgsave"], capture_output=True, check=False)
        subprocess.run([client, "-p", str(port), "shutdown", "nosave"], check=False,
                       capture_output=True)
        return child.wait(timeout=60), seen, answer
    finally:
        child.kill()


def nginx(bench, wrap):
    (server,) = need("nginx")
    port = free_port()
    directory = bench.directory
    with open(bench.path("nginx.conf"), "w", encoding="ascii") as f:
        f.write(f"""
worker_processes 3;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
daemon off;
user {"root" if os.geteuid() == 0 else os.environ.get("USER", "nobody")};
events {{ worker_connections 64; }}
http {{
    access_log {directory}/access.log;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    gzip on;
    server {{ listen 127.0.0.1:{port}; root {directory}; }}
}}
""")
    with open(bench.path("page.html"), "w", encoding="ascii") as f:
        f.write("<p>page</p>\n" * 2000)

    child = subprocess.Popen(
        wrap([server, "-p", directory, "-c", bench.path("nginx.conf"), "-e",
              bench.path("error.log")]), env={**os.environ, **bench.env})
    try:
        wait_for_port(port, child)
        seen = []
        for i in range(300):
            with socket.create_connection(("127.0.0.1", port), 10) as s:
                s.sendall(b"GET /page.html HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n" if i % 2 else
                          b"GET /missing HTTP/1.0\r\n\r\n")
                answer = b""
                while data := s.recv(65536):
                    answer += data
            seen.append(answer.split(b"\r\n")[0])
        with open(bench.path("nginx.pid"), encoding="ascii") as f:
            os.kill(int(f.read()), signal.SIGQUIT)
        return child.wait(timeout=60), seen
    finally:
        child.kill()


PROGRAMS = (sqlite3, gcc, python3, git_log, perl, awk, bash, xz, gzip, find, sort, make, daemon)
SERVERS = (redis_server, nginx)
# The same in every run, whatever the environment holds: also equal to the counter alone.
DETERMINISTIC = (sqlite3, awk, gzip, find)
VALGRIND = (sqlite3, awk, gzip)
