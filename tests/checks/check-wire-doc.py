#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/wire-format.md says what include/tenure/wire.h and the capture's headers say.

usage: check-wire-doc.py SOURCE_ROOT

 - each enumerator has a row "| value | `NAME` |", and there are no other such rows;
 - each struct has a table of offsets "| offset | bytes | `field` |" under a heading
   that names it, equal to the C layout;
 - each limit (#define of a number) that the text names has the value of the header;
 - each line of the dumps marked "dump" decodes to what stands beside it.
"""

import os
import re
import struct
import sys

HEADERS = ["include/tenure/wire-scan.h", "include/tenure/wire.h", "analyzer/input/capture.h", "analyzer/input/capture-file.h",
           "analyzer/input/image.h", "analyzer/input/stream.h"]
ENUMS = ["tenure_hello_flag", "tenure_verdict", "tenure_welcome_flag", "tenure_lost", "tenure_slot_state",
         "tenure_scan", "tenure_scan_flag", "tenure_moment",
         "tenure_node_kind", "tenure_fn", "tenure_ext", "tenure_mark_kind", "capture_packet_type", "image_how"]
STRUCTS = ["tenure_hello", "tenure_welcome", "tenure_shared", "tenure_slot", "tenure_node", "tenure_chunk",
           "tenure_scan_area", "tenure_scan_parked",
           "tenure_module", "capture_header", "capture_frame", "capture_head", "image_info", "stream_end"]
SIZES = {"uint8_t": 1, "char": 1, "uint16_t": 2, "uint32_t": 4, "int32_t": 4, "uint64_t": 8, "double": 8}

errors = []


def error(text):
    errors.append(text)


def number(text, names):
    """Value of a constant expression of numbers, names and operators."""
    text = re.sub(r"\b(0x[0-9a-fA-F]+|\d+)[uUlL]+\b", r"\1", text)
    return eval(text, {"__builtins__": {}}, names)  # only our own headers come here


def read_headers(root):
    text = "".join(open(os.path.join(root, path)).read() for path in HEADERS)
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def read_defines(text):
    names = {}
    for name, value in re.findall(r"^#define (\w+)[ \t]+(.+)$", text, flags=re.M):
        try:
            names[name] = number(value, names)
        except Exception:
            pass
    return names


def read_enum(text, tag, names):
    body = re.search(r"enum %s \{(.*?)\};" % tag, text, flags=re.S).group(1)
    values, following = {}, 0
    for part in filter(None, (p.strip() for p in body.split(","))):
        name, _, value = (p.strip() for p in part.partition("="))
        following = number(value, names) if value else following
        values[name] = names[name] = following
        following += 1
    return values


def read_struct(text, tag, names):
    body = re.search(r"struct %s \{(.*?)\n\}" % tag, text, flags=re.S).group(1)
    fields, at = [], 0
    for kind, name, count in re.findall(r"^\s+(\w+) (\w+)(?:\[(.*?)\])?;", body, flags=re.M):
        size = SIZES[kind]
        at += -at % size
        bytes_ = size * (number(count, names) if count else 1)
        fields.append((at, bytes_, name))
        at += bytes_
    return fields


def check_enums(doc, text, names):
    wanted = {}
    for tag in ENUMS:
        wanted.update(read_enum(text, tag, names))
    rows = {name: int(value, 0) for value, name in re.findall(r"^\| (\w+) \| `([A-Z]\w+)` \|", doc, flags=re.M)}
    for name, value in wanted.items():
        if name.endswith("_COUNT"):
            continue
        if rows.pop(name, None) != value:
            error(f"{name} should have a row with the value {value}")
    for name in rows:
        error(f"{name} has a row, but is in no header")


def check_structs(doc, text, names):
    for tag in STRUCTS:
        match = re.search(r"^#+ [^\n]*`struct %s`[^\n]*\n(.*?)(?=^#|\Z)" % tag, doc, flags=re.M | re.S)
        if not match:
            error(f"struct {tag} has no section")
            continue
        rows = re.findall(r"^\| (\d+) \| (\d+) \| `(\w+)` \|", match.group(1), flags=re.M)
        rows = [(int(a), int(b), c) for a, b, c in rows]
        fields = [f for f in read_struct(text, tag, names)]
        if rows != fields:
            error(f"struct {tag} is {fields}, the document says {rows}")


def check_defines(doc, names):
    for name, value in re.findall(r"`((?:TENURE|CAPTURE)_\w+)` = ([0-9a-fx]+)", doc):
        if names.get(name) != int(value, 0):
            error(f"{name} is {names.get(name)}, the document says {value}")


def text_of(data):
    return '"' + "".join(chr(b) if 32 <= b < 127 else "\\0" if b == 0 else f"\\x{b:02x}" for b in data) + '"'


class Decoder:
    """The wire format, a third time."""

    def __init__(self, enums):
        self.fns = {v: k[len("TENURE_FN_"):].lower() for k, v in enums["tenure_fn"].items()}
        self.exts = {v: k[len("TENURE_EXT_"):] for k, v in enums["tenure_ext"].items()}
        self.marks = {v: k[len("TENURE_MARK_"):].lower() for k, v in enums["tenure_mark_kind"].items()}

    def line(self, data):
        if data[:4] == b"CHNK":
            size, slot, seq, tid, self.stamp = struct.unpack("<4xHHIIQ", data)
            self.addr = self.stack = 0
            self.recent = {}
            return f"chunk bytes={size} slot={slot} seq={seq} tid={tid} stamp={self.stamp}"
        head = int.from_bytes(data[:2], "little")
        if head & 3 == 3:
            return self.ext(head >> 2 & 0xFF, data)
        self.rest = data[2:]
        self.stamp += self.take(head >> 2 & 7)
        if head & 3 == 2:
            self.addr = self.recent[head >> 10]
        else:
            way = self.signed(self.take((head >> 5 & 7) + 1))
            self.addr = self.addr + way if head >> 15 else ((self.addr >> 4) + way) << 4
        if head & 3:
            flags = " realloc" * (head >> 8 & 1) + " custom" * (head >> 9 & 1)
            name = "FREE" if head & 3 == 1 else "RECENT"
            out = f"{name} stamp={self.stamp} addr={self.addr:#x}{flags}"
        else:
            self.recent[self.addr >> 5 & 63] = self.addr
            size = self.take((head >> 8 & 7) + 1)
            self.stack += self.signed(self.take((head >> 11 & 3) + 1))
            fn = head >> 13 & 3
            fn = self.take(1) if fn == 3 else fn
            out = f"ALLOC stamp={self.stamp} addr={self.addr:#x} bytes={size} stack={self.stack} fn={self.fns[fn]}"
        return out + (" AND MORE" if self.rest else "")

    def take(self, count):
        value, self.rest = int.from_bytes(self.rest[:count], "little"), self.rest[count:]
        return value

    @staticmethod
    def signed(value):
        return value >> 1 if not value & 1 else -(value + 1 >> 1)

    def ext(self, kind, data):
        length, self.stamp = struct.unpack_from("<HQ", data, 2)
        payload = data[12:]
        if length != len(payload):
            return f"length {length} but {len(payload)} bytes"
        name = self.exts.get(kind, f"type {kind}")
        return f"{name} stamp={self.stamp} " + self.payload(name, payload)

    def payload(self, name, p):
        def fields(layout, *names):
            values = struct.unpack_from("<" + layout, p)
            return " ".join(f"{n}={v:#x}" if n in ("addr", "old", "new", "break", "bias", "start", "end") else
                            f"{n}={v}" for n, v in zip(names, values))

        def rest(layout, *names):
            return fields(layout, *names) + " " + text_of(p[struct.calcsize("<" + layout):])

        if name == "THREAD":
            return rest("I", "tid")
        if name == "THREAD_END":
            return fields("I", "tid")
        if name == "REALLOC_BACK":
            return fields("Q", "addr")
        if name == "MAP":
            return fields("QQIIII", "addr", "bytes", "prot", "flags", "stack", "file")
        if name == "UNMAP":
            return fields("QQ", "addr", "bytes")
        if name == "REMAP":
            return fields("QQQQII", "old", "bytes", "new", "bytes", "stack", "flags")
        if name == "BREAK":
            return fields("qQ", "change", "break")
        if name == "MODULE":
            ids, = struct.unpack_from("<H", p, 28)
            return fields("QQQIHH", "bias", "start", "end", "generation", "id_bytes", "path_bytes") + \
                f" id={p[32:32 + ids].hex()} {text_of(p[32 + ids:])}"
        if name == "MODULE_GONE":
            return fields("QI", "bias", "generation")
        if name == "MARK":
            return f"kind={self.marks[struct.unpack_from('<I', p)[0]]} {text_of(p[4:])}"
        if name == "TYPE":
            return rest("Q", "addr")
        if name == "RECORDING":
            return fields("I", "on")
        if name == "EXIT":
            return fields("i", "status")
        if name == "CLOCK":
            return fields("Q", "ns")
        return text_of(p)


def check_dumps(doc, text, names):
    decoder = Decoder({tag: read_enum(text, tag, names) for tag in ("tenure_fn", "tenure_ext", "tenure_mark_kind")})
    seen = set()
    for block in re.findall(r"^```dump\n(.*?)^```", doc, flags=re.M | re.S):
        total = size = 0
        joined = ""
        for line in block.splitlines():
            data, bar, said = line.partition("|")
            joined += data
            if not bar:
                continue
            raw = bytes.fromhex(joined)
            joined = ""
            got = decoder.line(raw)
            if got != said.strip():
                error(f"dump says\n    {said.strip()}\n  but is\n    {got}")
            if got.startswith("chunk"):
                total, size = 0, struct.unpack_from("<H", raw, 4)[0]
            total += len(raw)
            seen.add(got.split()[0])
        if total != size:
            error(f"a dumped chunk says it has {size} bytes, it has {total}")
    for name in decoder.exts.values():
        if name != "PYTHON" and name not in seen:
            error(f"no dump shows {name}")


def main():
    root = sys.argv[1]
    doc = open(os.path.join(root, "docs/wire-format.md")).read()
    text = read_headers(root)
    names = read_defines(text)
    for tag in ENUMS:
        read_enum(text, tag, names)
    check_enums(doc, text, names)
    check_structs(doc, text, names)
    check_defines(doc, names)
    check_dumps(doc, text, names)
    for message in errors:
        print(f"docs/wire-format.md: {message}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
