/* SPDX-License-Identifier: MIT */
/*
 * Extended records of the CPython provider.
 *
 * They travel as TENURE_EXT records (tenure/wire.h); a reader that does not
 * know them skips them.  Payloads are packed in the order given, integers are
 * little-endian and unaligned.
 *
 * Ids of code objects and of types count from 1 within one process image and
 * are never used again, also when the address of the object is.
 */
#ifndef TENURE_WIRE_PYTHON_H
#define TENURE_WIRE_PYTHON_H

#include <stdint.h>

#include "tenure/wire.h"

/*
 * RUNTIME    struct tenure_py_runtime, version text: an interpreter was found and
 *            is being followed.  Once per process image.
 * CODE       struct tenure_py_code, name, file name: sent before the first node
 *            that has its id.
 * CODE_TABLE u32 id, u32 offset, bytes (rest): piece of the code's line table.
 * TYPE       u32 id, name (rest): "module.qualname", or the bare name of a builtin.
 * OBJECT     u64 address, u32 stack, u32 type id: the live block at that address
 *            is an object of this type; 0: it is not an object.  Also foretells:
 *            from here on every PY_OBJ block that this thread obtains on this
 *            stack is of that type until told otherwise.
 * GC_START   struct tenure_py_gc
 * GC_STOP    struct tenure_py_gc
 * ARENA      u64 address, u64 bytes: pymalloc has a new arena; 0 bytes: it gives one back.
 * CONTAINERS struct tenure_py_containers, then so many of struct tenure_py_container:
 *            the biggest ones, in no order.
 * LEAKS      struct tenure_py_leak, once or more: found when user code was over;
 *            RUNTIME_END follows.
 * HELD       struct tenure_py_held, once or more: native memory may refer to an
 *            object that a LEAKS record behind it tells of
 * RUNTIME_END: user code is over, the interpreter begins to take itself apart.
 *
 * Between GC_START and GC_STOP of one thread, what that collection will find
 * unreachable; objects are numbered from 0 in the order in which they come:
 * NAME        u32 name id, text (rest): of an attribute, a key, a local variable
 * GRAPH       objects and their references to one another; see below
 * GRAPH_END   struct tenure_py_graph, also when the graph was not sent
 * GRAPH_KEPT  u32 object number, again and again (rest): not freed after all
 */
enum tenure_py_ext {
	TENURE_PY_RUNTIME = TENURE_EXT_PYTHON,
	TENURE_PY_CODE,
	TENURE_PY_CODE_TABLE,
	TENURE_PY_TYPE,
	TENURE_PY_OBJECT,
	TENURE_PY_GC_START,
	TENURE_PY_GC_STOP,
	TENURE_PY_RUNTIME_END,
	TENURE_PY_ARENA,
	TENURE_PY_CONTAINERS,
	TENURE_PY_NAME,
	TENURE_PY_GRAPH,
	TENURE_PY_GRAPH_END,
	TENURE_PY_GRAPH_KEPT,
	TENURE_PY_LEAKS,
	TENURE_PY_HELD,
};

/* What is wrong with an object. */
enum tenure_py_leak_kind {
	TENURE_PY_LEAK_UNCOLLECTABLE = 0, /* it is in gc.garbage */
	TENURE_PY_LEAK_EXCESS = 1, /* its reference count is higher than there are references */
	TENURE_PY_LEAK_HIDDEN = 2, /* unreachable, in a cycle that the collector cannot see */
};

/* How a line table is to be read. */
enum tenure_py_lines {
	TENURE_PY_LINES_LNOTAB = 1,   /* 3.8, 3.9: pairs of address and line increments */
	TENURE_PY_LINES_RANGES = 2,   /* 3.10: pairs of range length and line increment */
	TENURE_PY_LINES_LOCATION = 3, /* 3.11 on: location entries of variable length */
};

enum tenure_py_runtime_flag {
	TENURE_PY_NO_GENERATIONS = 1u << 0, /* the collector keeps none of its own */
};

/**
 * struct tenure_py_runtime - head of TENURE_PY_RUNTIME
 * @minor: of version 3.minor.micro
 * @flags: enum tenure_py_runtime_flag
 * @start: lowest address of the object that holds the interpreter
 * @end:   first address after it
 * @eval:  where the function that executes Python frames begins
 * @eval_bytes: its length
 * @cold:  the part of it that the compiler has put apart, or 0
 * @cold_bytes: its length
 */
struct tenure_py_runtime {
	uint8_t major;
	uint8_t minor;
	uint8_t micro;
	uint8_t reserved;
	uint32_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t eval;
	uint64_t eval_bytes;
	uint64_t cold;
	uint64_t cold_bytes;
};

_Static_assert(sizeof(struct tenure_py_runtime) == 56, "wire: python runtime");

/**
 * struct tenure_py_code - head of TENURE_PY_CODE
 * @id:          bits 20 and up of a TENURE_NODE_PYTHON node's pc
 * @firstlineno: line of "def"
 * @table_bytes: length of the line table; its pieces follow in CODE_TABLE records
 * @lines:       enum tenure_py_lines
 * @name_bytes:  of the name that follows: qualified from 3.11 on.  UTF-8
 * @file_bytes:  of the file name that follows the name.  UTF-8
 */
struct tenure_py_code {
	uint32_t id;
	uint32_t firstlineno;
	uint32_t table_bytes;
	uint16_t name_bytes;
	uint16_t file_bytes;
	uint8_t lines;
	uint8_t reserved[3];
};

_Static_assert(sizeof(struct tenure_py_code) == 20, "wire: python code");

#define TENURE_PY_CONTAINERS_MAX 32u

/**
 * struct tenure_py_containers - head of TENURE_PY_CONTAINERS
 * @moment:  1: the interpreter is about to end; 0: a full collection has ended
 * @partial: not all objects were looked at
 */
struct tenure_py_containers {
	uint32_t count;
	uint16_t moment;
	uint16_t partial;
};

/**
 * struct tenure_py_container - a list, dictionary, set, tuple or deque
 * @block:  where the object's block begins
 * @side:   the block that holds its items, 0 when there is none but the object's
 * @pieces: bytes of blocks that hold items and are too many to be told
 * @length: items
 */
struct tenure_py_container {
	uint64_t block;
	uint64_t side;
	uint64_t pieces;
	uint64_t length;
};

_Static_assert(sizeof(struct tenure_py_container) == 32, "wire: python container");

/*
 * A TENURE_NODE_PYTHON node: pc = code id << 20 | offset of the instruction.
 * An offset that is not known (the frame has not begun, or the function is
 * larger than 1 MiB) is TENURE_PY_OFFSET_NONE and stands for the first line.
 */
#define TENURE_PY_OFFSET_BITS 20u
#define TENURE_PY_OFFSET_NONE ((1u << TENURE_PY_OFFSET_BITS) - 1)
#define TENURE_PY_NODE_OUTER  1u /* flag: outermost frame of one run of the C loop */
/* Flags: so many runs of the loop that have no frames any more stand next to it, inwards. */
#define TENURE_PY_NODE_EMPTY(flags) ((flags) >> 1 & 7)

/**
 * struct tenure_py_gc - one collection begins or has ended
 * @interpreter:   number of the interpreter, from 0
 * @generation:    the oldest one that is examined: 0, 1, 2
 * @collected:     objects found unreachable (STOP)
 * @uncollectable: and not freed (STOP)
 */
struct tenure_py_gc {
	uint32_t interpreter;
	uint32_t generation;
	uint64_t collected;
	uint64_t uncollectable;
};

_Static_assert(sizeof(struct tenure_py_gc) == 24, "wire: python collection");

/*
 * A GRAPH record is a sequence of entries, one per object.  Numbers are LEB128;
 * "signed" ones are zigzag coded.
 *
 *   flags       enum tenure_py_object_flag
 *   address     signed, unless MORE: the object's block, less that of the one before, / 16
 *   type        unless MORE: id of its type, 0 when it has none
 *   references  how many follow
 *     to        signed: number of the object referred to, less this one's
 *     label     enum tenure_py_label in 3 bits, then what belongs to it
 */
enum tenure_py_object_flag {
	TENURE_PY_MORE = 1u << 0,      /* more references of the object before */
	TENURE_PY_FINALIZER = 1u << 1, /* its class has a __del__ */
	TENURE_PY_WEAKREFS = 1u << 2,  /* there are weak references to it */
	TENURE_PY_WEAKABLE = 1u << 3,  /* there can be */
	TENURE_PY_LEGACY = 1u << 4,    /* its C type has a tp_del: not to be freed in a cycle */
};

enum tenure_py_label {
	TENURE_PY_LABEL_OTHER = 0,  /* enum tenure_py_other */
	TENURE_PY_LABEL_ATTR = 1,   /* name id: attribute, slot, member of a C struct */
	TENURE_PY_LABEL_KEY = 2,    /* name id: value under this key, a str */
	TENURE_PY_LABEL_INDEX = 3,  /* position in a list or tuple */
	TENURE_PY_LABEL_LOCAL = 4,  /* name id: local variable of a frame */
	TENURE_PY_LABEL_OFFSET = 5, /* bytes from the object's begin */
};

enum tenure_py_other {
	TENURE_PY_OTHER_UNKNOWN = 0,
	TENURE_PY_OTHER_DICT = 1,  /* __dict__ */
	TENURE_PY_OTHER_CLASS = 2, /* __class__ */
	TENURE_PY_OTHER_VALUE = 3, /* value under some key */
	TENURE_PY_OTHER_KEY = 4,   /* key of a dictionary */
};

#define TENURE_PY_LABEL_BITS 3u

enum tenure_py_outcome {
	TENURE_PY_GRAPH_WHOLE = 0,
	TENURE_PY_GRAPH_BUDGET = 1, /* not begun: it would have taken too long */
	TENURE_PY_GRAPH_LATE = 2,   /* given up: it did take too long */
	TENURE_PY_GRAPH_MEMORY = 3, /* no memory, or too many objects */
	TENURE_PY_GRAPH_ODD = 4,    /* the collector's lists do not look as expected */
	TENURE_PY_GRAPH_OTHERS = 5, /* another interpreter was at it */
	TENURE_PY_GRAPH_OUTCOMES,
};

enum tenure_py_graph_flag {
	TENURE_PY_GRAPH_SAVEALL = 1u << 0, /* gc.DEBUG_SAVEALL: nothing is freed */
};

/**
 * struct tenure_py_graph - one graph of unreachable objects has ended
 * @outcome:     enum tenure_py_outcome; unless WHOLE, the objects are to be forgotten
 * @flags:       enum tenure_py_graph_flag
 * @ticks:       it took
 * @examined:    objects looked at
 * @unreachable: of these
 */
struct tenure_py_graph {
	uint32_t outcome;
	uint32_t flags;
	uint64_t ticks;
	uint64_t examined;
	uint64_t unreachable;
};

_Static_assert(sizeof(struct tenure_py_graph) == 32, "wire: python graph");

/* Of struct tenure_welcome.flags: how much is done about cycles; neither: under a budget. */
#define TENURE_WELCOME_NO_CYCLES  (1u << 8)
#define TENURE_WELCOME_ALL_CYCLES (1u << 9)

/**
 * struct tenure_py_leak - an object that should not be there any more
 * @address:    of its block
 * @kind:       enum tenure_py_leak_kind
 * @references: EXCESS: that are nobody's
 */
struct tenure_py_leak {
	uint64_t address;
	uint32_t kind;
	uint32_t references;
};

_Static_assert(sizeof(struct tenure_py_leak) == 16, "wire: python leak");

/**
 * struct tenure_py_held - a word outside of Python's objects is the address of one
 * @address: of the object's block
 * @at:      of the word; if it is in a live block that is not Python's, it is a reference
 */
struct tenure_py_held {
	uint64_t address;
	uint64_t at;
};

_Static_assert(sizeof(struct tenure_py_held) == 16, "wire: python held");

#endif /* TENURE_WIRE_PYTHON_H */
