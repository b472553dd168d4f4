/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tenure wire format: the conversation about reading a process's memory.
 *
 * It is held in the first page of the memfd.  The analyzer sets the word scan
 * of struct tenure_shared to WANTED when it would like to look for leaks; the
 * shim makes it ASKED when the process has come to an end, or to a mark, and
 * waits (ASKING before that, while one of its threads says where it stands);
 * the analyzer makes it WORKING, stops the other threads, reads, and goes back
 * to WANTED.  If the kernel does not let it stop threads, it makes it PARK:
 * the shim sends them to sleep itself and asks again.  A shim that has waited
 * long enough makes it OFF.
 */
#ifndef TENURE_WIRE_SCAN_H
#define TENURE_WIRE_SCAN_H

#include <stdint.h>

#define TENURE_SHARED_SCAN_OFFSET 0x800ull /* of struct tenure_scan_area, in the first page */
#define TENURE_SCAN_REGS	  32u
#define TENURE_SCAN_NAME	  64u

enum tenure_scan {
	TENURE_SCAN_OFF = 0,
	TENURE_SCAN_WANTED = 1,
	TENURE_SCAN_ASKED = 2,
	TENURE_SCAN_WORKING = 3,
	TENURE_SCAN_PARK = 4,
	TENURE_SCAN_ASKING = 5,
};

enum tenure_scan_flag {
	TENURE_SCAN_SIGNALS = 1u << 0, /* also when a signal is about to end the process */
	TENURE_SCAN_MARKS = 1u << 1,   /* also at marks */
};

/* Where in its life the process stands still. */
enum tenure_moment {
	TENURE_MOMENT_NONE = 0,
	TENURE_MOMENT_EXIT = 1,	      /* exit(), after all destructors */
	TENURE_MOMENT_QUICK_EXIT = 2, /* quick_exit(), after its handlers */
	TENURE_MOMENT_END = 3,	      /* _exit() */
	TENURE_MOMENT_SIGNAL = 4,     /* a signal is about to end it; abort() is one */
	TENURE_MOMENT_EXEC = 5,	      /* it is about to become another program */
	TENURE_MOMENT_MARK = 6,	      /* the program has come to a mark, and goes on */
	TENURE_MOMENT_SNAPSHOT = 7,   /* somebody wanted to know; it goes on */
	TENURE_MOMENT_USER_END = 8,   /* Python code is over, its interpreter still whole */
};

/**
 * struct tenure_scan_area - at TENURE_SHARED_SCAN_OFFSET of the memfd
 * @flags:       enum tenure_scan_flag, from the analyzer, before scan is WANTED
 * @moment:      enum tenure_moment
 * @tid:         the thread that asks, which stands still
 * @stack:       its stack, id of the leaf node; 0: not known
 * @signal:      with TENURE_MOMENT_SIGNAL
 * @busy:        1: it was interrupted while it recorded an event
 * @regs_count:  registers in @regs, of a thread that was interrupted
 * @parked_count: threads that were sent to sleep; @parked: where their struct
 *               tenure_scan_parked lie in the memory of the process
 * @sp:          its stack pointer; @self: its pthread_self()
 * @code:        the shim's text, to before @code_end
 * @asked_ns:    when it began to stand still, CLOCK_MONOTONIC; 0: not known
 * @name:        of the mark, NUL-terminated
 * @stamp:       of its record
 * @wanted:      from the analyzer: with TENURE_SCAN_MARKS only marks of this name, "": all
 * @own:         where @own_count struct tenure_scan_own lie in the memory of the process
 */
struct tenure_scan_area {
	uint32_t flags;
	uint32_t moment;
	uint32_t tid;
	uint32_t stack;
	uint32_t signal;
	uint32_t busy;
	uint32_t regs_count;
	uint32_t parked_count;
	uint64_t parked;
	uint64_t sp;
	uint64_t self;
	uint64_t code;
	uint64_t code_end;
	uint64_t asked_ns;
	uint64_t regs[TENURE_SCAN_REGS];
	char name[TENURE_SCAN_NAME];
	uint64_t stamp;
	char wanted[TENURE_SCAN_NAME];
	uint64_t own;
	uint64_t own_count;
};

/** struct tenure_scan_own - memory that the shim has mapped for itself; with 0 bytes none */
struct tenure_scan_own {
	uint64_t start;
	uint64_t bytes;
};

/**
 * struct tenure_scan_parked - a thread that the shim has sent to sleep
 * @tid:  its number; @asleep: 1 when it sleeps
 * @sp:   its stack pointer; its registers lie on the stack from there on
 * @self: its pthread_self()
 */
struct tenure_scan_parked {
	uint32_t tid;
	uint32_t asleep;
	uint64_t sp;
	uint64_t self;
};

#endif /* TENURE_WIRE_SCAN_H */
