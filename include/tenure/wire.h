/* SPDX-License-Identifier: MIT */
/*
 * Wire format between the preloaded shim and the analyzer: the only contract
 * between the two halves.  The long form, with worked hex dumps, is
 * docs/wire-format.md.
 *
 * Three channels per process image:
 *
 *  1. A Unix SOCK_SEQPACKET socket, used once: the shim sends struct
 *     tenure_hello with descriptors of its /proc/self/mem and maps; the analyzer
 *     answers struct tenure_welcome with two descriptors, the write end of a
 *     pipe and a memfd.  Then the socket is closed.
 *  2. The pipe: whole chunks, each at most PIPE_BUF bytes and written by one
 *     write(2), hence never interleaved.
 *  3. The memfd, mapped shared by both: a header page, one slot per thread
 *     that holds the chunk being filled, and the table of stack nodes.  What
 *     a killed process had not written to the pipe is read from here.
 *
 * Rules of the format:
 *  - integers are little-endian; fields of the structs are naturally aligned,
 *    fields of records are not;
 *  - reserved fields are written as zero and ignored on reading;
 *  - a reader skips extended records whose type it does not know;
 *  - a change of meaning bumps TENURE_WIRE_VERSION; other versions are refused.
 */
#ifndef TENURE_WIRE_H
#define TENURE_WIRE_H

#include <stdint.h>

#include "tenure/wire-scan.h"

#define TENURE_WIRE_VERSION 2
#define TENURE_HELLO_MAGIC  0x4f4c4c48u /* "HLLO" */
#define TENURE_CHUNK_MAGIC  0x4b4e4843u /* "CHNK" */
#define TENURE_SHARED_MAGIC 0x44524853u /* "SHRD" */

/* ------------------------------------------------------------ handshake */

enum tenure_hello_flag {
	TENURE_HELLO_FORKED = 1u << 0,	  /* a child of fork(): the heap is inherited */
	TENURE_HELLO_RECONNECT = 1u << 1, /* same image, same memfd; only the pipe was lost */
	TENURE_HELLO_SPAWNED = 1u << 2,	  /* the shim started `tenure collect` by itself */
};

/**
 * struct tenure_hello - shim to analyzer, one SEQPACKET message
 * @magic:     TENURE_HELLO_MAGIC
 * @version:   TENURE_WIRE_VERSION of the shim
 * @bytes:     sizeof(struct tenure_hello)
 * @pid:       as the process sees itself; the analyzer trusts SO_PEERCRED
 * @ppid:      parent, likewise
 * @flags:     enum tenure_hello_flag
 * @arch:      ELF e_machine
 * @ticks:     time stamp counter now, in the unit of all stamps
 * @clock_ns:  CLOCK_MONOTONIC at the same moment
 * @image:     with RECONNECT, the @image of the welcome; else 0
 * @page_size: bytes
 */
struct tenure_hello {
	uint32_t magic;
	uint16_t version;
	uint16_t bytes;
	uint32_t pid;
	uint32_t ppid;
	uint32_t flags;
	uint32_t arch;
	uint64_t ticks;
	uint64_t clock_ns;
	uint64_t image;
	uint32_t page_size;
	uint32_t reserved;
};

enum tenure_verdict {
	TENURE_VERDICT_RECORD = 0,  /* descriptors follow: pipe, memfd */
	TENURE_VERDICT_VERSION = 1, /* versions differ: do not record */
	TENURE_VERDICT_DECLINE = 2, /* not wanted (--follow=none, no descriptors left) */
};

enum tenure_welcome_flag {
	TENURE_WELCOME_PAUSED = 1u << 0,    /* record nothing until tenure_start() */
	TENURE_WELCOME_NO_PYTHON = 1u << 1, /* leave language providers off */
	TENURE_WELCOME_STAMP_ALL = 1u << 2, /* never elide stamps (tests) */
};

/**
 * struct tenure_welcome - analyzer to shim, the answer
 * @magic:        TENURE_HELLO_MAGIC
 * @version:      TENURE_WIRE_VERSION of the analyzer
 * @verdict:      enum tenure_verdict
 * @flags:        enum tenure_welcome_flag
 * @max_depth:    frames kept per stack, from the root; 0 means no limit
 * @image:        the analyzer's number for this process image, from 1
 * @sample_bytes: mean distance of samples; 0 means every allocation
 */
struct tenure_welcome {
	uint32_t magic;
	uint16_t version;
	uint16_t verdict;
	uint32_t flags;
	uint32_t max_depth;
	uint64_t image;
	uint64_t sample_bytes;
};

/* --------------------------------------------------------- shared memory */

/*
 * Layout of the memfd.  It is created by the analyzer at its full, sparse
 * size and sealed against resizing, so that neither side can fault the other.
 * The shim maps the header, and slots and nodes in the units below as it
 * needs them; only pages that were touched exist.
 */
#define TENURE_SHARED_SLOTS_OFFSET 0x00010000ull /* 64 KiB */
#define TENURE_SHARED_NODES_OFFSET 0x10000000ull /* 256 MiB */
#define TENURE_SLOT_BYTES	   8192u
#define TENURE_SLOT_BATCH	   64u /* slots mapped at a time */
#define TENURE_SLOTS_MAX	   16384u
#define TENURE_NODE_BATCH	   65536u /* nodes mapped at a time: 1 MiB */
#define TENURE_NODES_MAX	   (1u << 24)
#define TENURE_SHARED_BYTES	   (TENURE_SHARED_NODES_OFFSET + 16ull * TENURE_NODES_MAX)

/* Why events were lost; index into tenure_shared.lost[]. */
enum tenure_lost {
	TENURE_LOST_BUSY,     /* the shim was interrupted by a signal handler that allocated */
	TENURE_LOST_NO_SLOT,  /* more threads than slots, or no memory for one */
	TENURE_LOST_PIPE,     /* the pipe was gone and could not be had again */
	TENURE_LOST_OFF,      /* after the shim had switched itself off */
	TENURE_LOST_EARLY,    /* before the shim could come up */
	TENURE_LOST_MODULES,  /* a loaded object could not be described */
	TENURE_LOST_PROVIDER, /* a language provider had to skip something */
	TENURE_LOST_OWN,      /* the program defines malloc itself; 1: nobody can count its calls */
	TENURE_LOST_SAMPLES,  /* sampled blocks that there was no room to remember */
	TENURE_LOST_COUNT = 16,
};

/**
 * struct tenure_shared - first page of the memfd
 * @magic:       TENURE_SHARED_MAGIC, written by the analyzer
 * @version:     TENURE_WIRE_VERSION
 * @slots:       slots ever claimed; atomic
 * @nodes:       node numbers ever claimed, from 1; atomic.  A number may be
 *               claimed and its node not yet written (kind 0)
 * @folded:      captures that met the end of the node table; atomic
 * @truncated:   captures cut at max_depth or where no rule was known; atomic
 * @guessed:     captures that guessed a frame pointer; atomic
 * @multi:       1 once a second thread has recorded: stamps are exact from then on
 * @off:         1 when the shim has switched itself off
 * @off_reason:  why, NUL-terminated
 * @lost:        events lost by cause; atomic
 * @scan:        enum tenure_scan; atomic, a futex that both sides share.  The rest of
 *               that conversation is in struct tenure_scan_area: tenure/wire-scan.h
 * @mark_signal: a signal that makes marks, from the analyzer; 0: none does
 */
struct tenure_shared {
	uint32_t magic;
	uint32_t version;
	uint32_t slots;
	uint32_t nodes;
	uint64_t folded;
	uint64_t truncated;
	uint64_t guessed;
	uint32_t multi;
	uint32_t off;
	char off_reason[128];
	uint64_t lost[TENURE_LOST_COUNT];
	uint32_t scan;
	uint32_t mark_signal;
};

enum tenure_slot_state {
	TENURE_SLOT_FREE = 0,
	TENURE_SLOT_LIVE = 1,
	TENURE_SLOT_RETIRED = 2, /* its thread is ending or has ended */
};

/**
 * struct tenure_slot - one thread's place in the memfd
 * @state: enum tenure_slot_state; atomic
 * @tid:   kernel thread id of the owner
 * @pos:   chunk number << 32 | bytes of @chunk that are valid, its header
 *         included; atomic.  Written after the bytes it covers, so a reader
 *         that sees the same chunk number before and after copying has a
 *         prefix of whole records.
 * @busy:  not 0 while the owner is between taking a stamp and publishing it
 * @resting: 1 while the owner waits for a look at the memory to be over.  All it
 *         has done is published, though it is @busy
 * @moving: 1 while the owner is inside realloc(): of its block only the end is published
 * @chunk: struct tenure_chunk and its records, TENURE_CHUNK_MAX at most
 *
 * When @pos says chunk n, chunks below n were written to the pipe.  Chunk n
 * may have been written too, if the process died right then: a reader that
 * has already had n from the pipe skips it.
 */
struct tenure_slot {
	uint32_t state;
	uint32_t tid;
	uint64_t pos;
	uint32_t busy;
	uint32_t resting;
	uint32_t moving;
	uint32_t reserved[9];
	uint8_t chunk[TENURE_SLOT_BYTES - 64];
};

_Static_assert(sizeof(struct tenure_slot) == TENURE_SLOT_BYTES, "wire: slot");

enum tenure_node_kind {
	TENURE_NODE_NONE = 0,	/* not written yet */
	TENURE_NODE_ROOT = 1,	/* pc: module generation */
	TENURE_NODE_CALL = 2,	/* pc: return address; the call is just before it */
	TENURE_NODE_EXACT = 3,	/* pc: the instruction itself (interrupted by a signal) */
	TENURE_NODE_GUESS = 4,	/* as CALL, found by following a frame pointer */
	TENURE_NODE_CUT = 5,	/* the stack goes on, but could not be followed or was limited */
	TENURE_NODE_PYTHON = 6, /* pc: code id << 20 | offset of the instruction in bytes */
	TENURE_NODE_PAIR = 7,	/* parent: native stack; pc: node id of the Python stack */
};

/**
 * struct tenure_node - one frame of a stack; the id of a stack is that of its leaf
 * @word:   kind << 56 | flags << 48 | pc (48 bits).  Written last (release).
 *          Flags belong to the kind: for PYTHON 1 means "outermost frame of one
 *          run of the interpreter's loop".
 * @parent: id of the caller's node, smaller than this node's own id; 0 for roots
 * @aux:    the shim's own
 */
struct tenure_node {
	uint64_t word;
	uint32_t parent;
	uint32_t aux;
};

_Static_assert(sizeof(struct tenure_node) == 16, "wire: node");

#define TENURE_NODE_WORD(kind, pc) ((uint64_t)(kind) << 56 | ((uint64_t)(pc)&0xffffffffffffull))
#define TENURE_NODE_KIND(word)	   ((unsigned)((word) >> 56))
#define TENURE_NODE_FLAGS(word)	   ((unsigned)((word) >> 48 & 0xff))
#define TENURE_NODE_PC(word)	   ((word)&0xffffffffffffull)

/* ------------------------------------------------------------ the chunks */

#define TENURE_CHUNK_MAX 4096u /* PIPE_BUF: one write is atomic */

/**
 * struct tenure_chunk - head of a chunk, on the pipe and in a slot alike
 * @magic: TENURE_CHUNK_MAGIC
 * @bytes: of the chunk, this head included; in a slot 0 until it is flushed
 * @slot:  index of the slot
 * @seq:   number of the chunk within the slot, from 1
 * @tid:   thread that filled it
 * @stamp: base of the first record's time stamp
 *
 * Records of a chunk decode on their own: at its start the last stamp is
 * @stamp, the last address and the last stack are 0, and no block is recent.
 */
struct tenure_chunk {
	uint32_t magic;
	uint16_t bytes;
	uint16_t slot;
	uint32_t seq;
	uint32_t tid;
	uint64_t stamp;
};

_Static_assert(sizeof(struct tenure_chunk) == 24, "wire: chunk head");

/*
 * A record starts with a 16-bit head.  Its two low bits are the kind.
 *
 * ALLOC  2..4  bytes of the stamp's delta, 0..7 (0: same stamp as before)
 *        5..7  bytes of the address field - 1
 *        8..10 bytes of the size field - 1
 *        11,12 bytes of the stack field - 1
 *        13,14 function: 0 malloc, 1 calloc, 2 realloc, 3 a byte follows
 *        15    the address field counts bytes
 *   fields: stamp delta; address: zigzag of (addr >> 4) - (last >> 4), or of
 *   addr - last; size in bytes as asked for; stack: zigzag of id - last id;
 *   function byte if any.  Sets last stamp, address and stack, and makes the
 *   block the recent one of its place, TENURE_RECENT_PLACE(addr).
 * FREE   2..4, 5..7, 15 as above; 8: the free half of a realloc; 9: a block of
 *        TENURE_FN_CUSTOM, which may begin where a block of malloc begins.
 *   fields: stamp delta; address.  Sets last stamp and address.
 * RECENT 2..4, 8, 9 as FREE; 10..15: a place: the free of the recent block there.
 *   field: stamp delta.  Sets last stamp and address.
 * EXT    2..9  enum tenure_ext.  Then 16 bits: length of the payload, 64 bits:
 *   the stamp itself, then the payload.  Sets the last stamp.
 *
 * Fields are little-endian in as many bytes as the head says.
 */
#define TENURE_KIND_ALLOC  0u
#define TENURE_KIND_FREE   1u
#define TENURE_KIND_RECENT 2u
#define TENURE_KIND_EXT	   3u
#define TENURE_KIND_MASK   3u

#define TENURE_HEAD_STAMP(n)  ((unsigned)(n) << 2)
#define TENURE_HEAD_ADDR(n)   (((unsigned)(n)-1) << 5)
#define TENURE_HEAD_SIZE(n)   (((unsigned)(n)-1) << 8)
#define TENURE_HEAD_STACK(n)  (((unsigned)(n)-1) << 11)
#define TENURE_HEAD_FN(f)     ((unsigned)(f) << 13)
#define TENURE_HEAD_FN_BYTE   3u
#define TENURE_HEAD_FINE      (1u << 15)
#define TENURE_HEAD_REALLOC   (1u << 8)
#define TENURE_HEAD_CUSTOM    (1u << 9)
#define TENURE_HEAD_RECENT(i) ((unsigned)(i) << 10)
#define TENURE_HEAD_EXT(t)    (TENURE_KIND_EXT | (unsigned)(t) << 2)

#define TENURE_ALLOC_MAX (2 + 7 + 8 + 8 + 4 + 1) /* longest ALLOC record, bytes */
#define TENURE_FREE_MAX	 (2 + 7 + 8)

#define TENURE_RECENT_PLACES	  64u
#define TENURE_RECENT_PLACE(addr) ((addr) >> 5 & (TENURE_RECENT_PLACES - 1))

#define TENURE_EXT_HEAD (2 + 2 + 8)

/* What made a block. */
enum tenure_fn {
	TENURE_FN_MALLOC,
	TENURE_FN_CALLOC,
	TENURE_FN_REALLOC,
	TENURE_FN_POSIX_MEMALIGN,
	TENURE_FN_ALIGNED_ALLOC,
	TENURE_FN_MEMALIGN,
	TENURE_FN_VALLOC,
	TENURE_FN_PVALLOC,
	TENURE_FN_NEW, /* operator new of an allocator that does not go through malloc */
	TENURE_FN_NEW_ARRAY,
	TENURE_FN_CUSTOM, /* tenure_alloc() of the annotation API */
	TENURE_FN_PY_MEM, /* PYMEM_DOMAIN_MEM */
	TENURE_FN_PY_OBJ, /* PYMEM_DOMAIN_OBJ */
	TENURE_FN_MMAP,	  /* used by the analyzer for mapped ranges */
	TENURE_FN_COUNT,
};

/* Extended records.  Payloads are packed in the order given. */
enum tenure_ext {
	TENURE_EXT_THREAD = 1,	     /* u32 tid, name (rest): start, or a new name */
	TENURE_EXT_THREAD_END = 2,   /* u32 tid */
	TENURE_EXT_REALLOC_BACK = 3, /* u64 addr: realloc failed, the block is back */
	TENURE_EXT_MAP = 4,    /* u64 addr, u64 bytes, u32 prot, u32 flags, u32 stack, u32 file */
	TENURE_EXT_UNMAP = 5,  /* u64 addr, u64 bytes */
	TENURE_EXT_REMAP = 6,  /* u64 old, u64 bytes, u64 new, u64 bytes, u32 stack, u32 flags */
	TENURE_EXT_BREAK = 7,  /* i64 change in bytes, u64 new break */
	TENURE_EXT_MODULE = 8, /* struct tenure_module, build id, path */
	TENURE_EXT_MODULE_GONE = 9, /* u64 bias, u32 generation that begins */
	TENURE_EXT_MARK = 10,	    /* u32 enum tenure_mark_kind, name (rest) */
	TENURE_EXT_TYPE = 11,	    /* u64 addr, type name (rest): object header of a block */
	TENURE_EXT_RECORDING = 12,  /* u32 1 started, 0 stopped */
	TENURE_EXT_EXIT = 13,	    /* i32 status: exit() has begun */
	TENURE_EXT_CLOCK = 14,	    /* u64 CLOCK_MONOTONIC ns at this stamp */
	TENURE_EXT_COMMAND = 15,    /* argument vector, NUL-separated, cut at 2 KiB */
	TENURE_EXT_EXE = 16,	    /* path of the executable */
	TENURE_EXT_NOTE = 17,	    /* text for trust.notes */
	/* 32.. belong to the CPython provider (tenure/wire-python.h) */
	TENURE_EXT_PYTHON = 32,
};

enum tenure_mark_kind {
	TENURE_MARK_POINT = 0,
	TENURE_MARK_PHASE_BEGIN = 1,
	TENURE_MARK_PHASE_END = 2,
};

/**
 * struct tenure_module - head of TENURE_EXT_MODULE
 * @bias:       load address minus link address
 * @start:      lowest address of its segments
 * @end:        first address after them
 * @generation: module generation it belongs to, from 1
 * @id_bytes:   length of the build id that follows, 0..64
 * @path_bytes: length of the path that follows the build id
 */
struct tenure_module {
	uint64_t bias;
	uint64_t start;
	uint64_t end;
	uint32_t generation;
	uint16_t id_bytes;
	uint16_t path_bytes;
};

_Static_assert(sizeof(struct tenure_module) == 32, "wire: module");

#endif /* TENURE_WIRE_H */
