#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every interpreter that can be found: JSON, regular expressions, recursion,
# threads, exceptions; numpy where it is installed.
set -e
for python in /usr/bin/python3 "$HOME"/.pyenv/versions/*/bin/python3; do
	[ -x "$python" ] || continue
	"$python" -c '
import json, re, threading
def deep(n):
    return [n] if n == 0 else deep(n - 1) + [n]
def work():
    rows = json.loads(json.dumps([{"a": i, "b": str(i)} for i in range(2000)]))
    re.sub("[a-c]+", "b", str(rows))
    for _ in range(20):
        deep(200)
    for i in range(200):
        try:
            raise ValueError(str(i) * 50)
        except ValueError as e:
            str(e)
threads = [threading.Thread(target=work) for _ in range(3)]
for t in threads: t.start()
for t in threads: t.join()
work()
try:
    import numpy
    a = numpy.random.rand(300, 300)
    for _ in range(50):
        b = numpy.linalg.inv(a @ a.T + numpy.eye(300)).sum(axis=0)
        c = numpy.sort(numpy.concatenate([a, a])).astype("f4").tolist()
except ImportError:
    pass
'
done
