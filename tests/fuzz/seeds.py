#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the hand-made part of the corpora: usage: seeds.py DIRECTORY"""

import os
import struct
import sys


last = 0  # address; 0 again at the end of each body


def way(addr):
    global last
    field, last = addr - last, addr
    return field << 1 if field >= 0 else -field * 2 - 1


def alloc(stamp, addr, size, stack, fn=0):
    head = 1 << 2 | 7 << 5 | 3 << 8 | 1 << 11 | min(fn, 3) << 13 | 1 << 15
    record = struct.pack("<HBQIH", head, stamp, way(addr), size, stack * 2)
    return record + (bytes([fn]) if fn >= 3 else b"")


def free(stamp, addr, flags=0):
    return struct.pack("<HBQ", 1 | 1 << 2 | 7 << 5 | 1 << 15 | flags, stamp, way(addr))


def recent(stamp, addr, flags=0):
    global last
    last = addr
    return struct.pack("<HB", 2 | 1 << 2 | flags | (addr >> 5 & 63) << 10, stamp)


def ext(kind, stamp, payload):
    return struct.pack("<HHQ", 3 | kind << 2, len(payload), stamp) + payload


def chunk(slot, seq, stamp, records):
    return struct.pack("<IHHIIQ", 0x4B4E4843, 24 + len(records), slot, seq, 1000 + slot, stamp) + records


def records():
    yield b"".join(alloc(1, 0x1000 + 64 * i, 32, i % 5) for i in range(20))
    yield b"".join(alloc(1, 0x1000, 32, 1) + free(1, 0x1000) for i in range(10))
    yield b"".join(alloc(1, 0x1000 * i, 32, 1) + recent(1, 0x1000 * i, i % 4 << 8) for i in range(1, 10))
    yield alloc(1, 0x1000, 32, 1) + free(1, 0x1000, 1 << 8) + ext(3, 50, struct.pack("<Q", 0x1000))
    yield alloc(1, 0x1000, 99, 1) + alloc(1, 0x1000, 9, 1, 10) + free(1, 0x1000, 1 << 9) + free(1, 0x1000)
    yield ext(1, 1, struct.pack("<I", 7) + b"worker") + alloc(1, 0x2000, 8, 3) + ext(2, 9, struct.pack("<I", 7))
    yield ext(4, 1, struct.pack("<QQIIII", 0x10000, 0x9000, 3, 0x22, 4, 0)) + \
        ext(5, 2, struct.pack("<QQ", 0x12000, 0x1000)) + \
        ext(6, 3, struct.pack("<QQQQII", 0x13000, 0x3000, 0x40000, 0x8000, 4, 0))
    yield ext(7, 1, struct.pack("<qQ", 4096, 0x5000))
    yield ext(8, 1, struct.pack("<QQQIHH", 0x1000, 0x1000, 0x2000, 1, 4, 4) + b"\1\2\3\4/lib") + \
        ext(9, 2, struct.pack("<QI", 0x1000, 2))
    yield ext(10, 1, struct.pack("<I", 1) + b"phase") + ext(10, 2, struct.pack("<I", 2) + b"phase")
    yield alloc(1, 0x1000, 32, 1) + ext(11, 3, struct.pack("<Q", 0x1000) + b"Point") + free(1, 0x1000)
    yield ext(12, 1, struct.pack("<I", 0)) + ext(13, 2, struct.pack("<i", 3)) + ext(14, 3, struct.pack("<Q", 5))
    yield ext(15, 1, b"ls\0-l\0") + ext(16, 2, b"/bin/ls") + ext(17, 3, b"a note") + ext(77, 4, b"unknown")
    yield ext(32, 1, struct.pack("<BBBBIQQQQ", 3, 11, 7, 0, 0, 1, 2, 3, 4) + b"3.11.7") + \
        ext(33, 2, struct.pack("<IIIHHB3x", 1, 10, 4, 4, 4, 3) + b"funcfile") + \
        ext(34, 3, struct.pack("<II", 1, 0) + b"\0\1\2\3") + ext(35, 4, struct.pack("<I", 1) + b"dict") + \
        ext(37, 5, bytes(24)) + ext(38, 6, bytes(24)) + ext(39, 7, b"")


def packet(kind, image, payload):
    return struct.pack("<IIQ", kind, len(payload), image) + payload


def capture(body):
    info = struct.pack("<QIIIIIIQQQd", 1, 42, 1, 0, 62, 4096, 0, 5, 6, 0, 0.4)
    head = chunk(0, 1, 5, body)
    nodes = struct.pack("<II", 1, 0) + struct.pack("<QII", 1 << 56 | 1, 0, 0) + struct.pack("<QII", 2 << 56 | 99, 1, 0)
    end = struct.pack("<IiQQd", 1, 0, 900, 0, 0.4) + struct.pack("<IIIIQQQII128s16Q", 0, 1, 1, 2, 0, 0, 0, 0, 0, b"", *[0] * 16)
    return packet(1, 1, info) + packet(2, 1, head[:24] + struct.pack("<I", 24) + head[24:]) + \
        packet(3, 1, struct.pack("<QQ", 1000, 0)) + packet(4, 1, struct.pack("<QQ", 7, 4096)) + \
        packet(5, 1, nodes) + packet(7, 0, b"run") + packet(6, 1, end)


def write(directory, name, data):
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, name), "wb") as file:
        file.write(data)


def main():
    top = sys.argv[1]
    global last
    for number, body in enumerate(records()):
        last = 0
        name = f"seed-{number:02}"
        padded = body + b"\2" * (-len(body) % 8)
        write(f"{top}/session", name, bytes([min(len(padded) // 8, 63) << 2]) + padded)
        write(f"{top}/reader", name, b"\5" + chunk(0, 1, 5, body) + chunk(1, 1, 6, body) + b"noise")
        write(f"{top}/capture", name, b"\1" + capture(body))
    write(f"{top}/capture", "seed-header", b"\0TENURE\r\n" + struct.pack("<II", 1, 2) + b"FRAM")


if __name__ == "__main__":
    main()
