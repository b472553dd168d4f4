# SPDX-License-Identifier: Apache-2.0
"""Uses much of the standard library, keeps what it made, and leaks nothing."""
import argparse
import ast
import asyncio
import collections
import concurrent.futures
import copy
import ctypes
import dataclasses
import datetime
import decimal
import enum
import functools
import inspect
import io
import json
import logging
import os
import pickle
import queue
import re
import signal
import sqlite3
import sys
import tempfile
import threading
import unittest
import weakref
import xml.etree.ElementTree


@dataclasses.dataclass
class Record:
    number: int
    parts: list = dataclasses.field(default_factory=list)


class Color(enum.Enum):
    RED = 1
    BLUE = 2


Pair = collections.namedtuple("Pair", "left right")


class Watched:
    pass


@functools.lru_cache(None)
def cached(number):
    return [number, datetime.datetime.now(datetime.timezone.utc), decimal.Decimal(number)]


async def sleepy(number):
    await asyncio.sleep(0)
    return number


async def many():
    return await asyncio.gather(*[sleepy(i) for i in range(50)])


def texts():
    document = json.loads(json.dumps({str(i): [i, {"a": i}] for i in range(500)}))
    patterns = [re.compile("a%db" % i) for i in range(30)]
    tree = xml.etree.ElementTree.fromstring("<a>" + '<b x="1">t</b>' * 50 + "</a>")
    copies = pickle.loads(pickle.dumps([Record(i) for i in range(10)])) + [copy.deepcopy(document)]
    return document, patterns, tree, copies


def tables():
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (a, b)")
    connection.executemany("insert into t values (?, ?)", [(i, str(i)) for i in range(100)])
    return connection, connection.execute("select * from t").fetchall()


def threads():
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        done = list(pool.map(cached, range(20)))
    timer = threading.Timer(0.01, lambda: None)
    timer.start()
    timer.join()
    waiting = queue.Queue()
    waiting.put(Pair(1, Color.RED))
    return done, waiting


def hooks():
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("x").debug("hello %s", Record(1))
    signal.signal(signal.SIGUSR1, lambda *a: None)
    os.register_at_fork(before=lambda: None)
    sys.setrecursionlimit(2000)
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x)
    callback(3)
    watched = Watched()
    return callback, watched, weakref.ref(watched, lambda ref: None)


def code():
    ast.parse(inspect.getsource(Record))
    names = {}
    exec(compile("def made(x):\n return x in {1, 2, 3}\n", "<made>", "exec"), names)

    class Local(unittest.TestCase):
        def test_it(self):
            self.assertTrue(names["made"](2))

    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Local)
    unittest.TextTestRunner(stream=io.StringIO()).run(suite)
    parser = argparse.ArgumentParser()
    parser.add_argument("--x")
    parser.parse_args([])
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")
    return names, Local


kept = [texts(), tables(), threads(), hooks(), code(), asyncio.run(many())]
