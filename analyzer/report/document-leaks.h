/* SPDX-License-Identifier: Apache-2.0 */
/* Leaks in the report document, and how live memory is held. */
#ifndef REPORT_DOCUMENT_LEAKS_H
#define REPORT_DOCUMENT_LEAKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "model/result-leaks.h"

/**
 * struct report_member - see struct leaks_member
 * @type: of its blocks, "" where nothing says so
 * @uses: of a std::shared_ptr's block: its use count in the first one, else 0
 */
struct report_member {
	uint32_t stack;
	uint32_t fn;
	const char *type;
	uint32_t uses;
	struct leaks_count own;
};

/** struct report_link - see struct leaks_link; @member: of its class the pointer lies in, or "" */
struct report_link {
	uint32_t from;
	uint32_t to;
	uint64_t offset;
	const char *member;
};

/**
 * struct report_leak - see struct leaks_item; @sig is that of the site
 * @suppressed: number of the entry in report->suppressions, from 1; 0: of none
 */
struct report_leak {
	uint32_t class; /* enum leaks_class */
	uint64_t sig;
	uint32_t stack;
	uint32_t fn;
	struct leaks_count own;
	struct leaks_count indirect;
	uint64_t cycles;
	uint32_t suppressed;
	VEC(struct report_member) members;
	VEC(struct report_link) links;
};

/** struct report_step - see struct leaks_step; @stack is REPORT_NONE for what was mapped */
struct report_step {
	uint32_t stack;
	uint32_t fn;
	const char *type;   /* or "" */
	const char *member; /* likewise, as of links */
	uint64_t offset;
	uint64_t times;
};

/**
 * struct report_held - see struct leaks_kept; @sig is that of the site
 * @type:     of the blocks, or ""
 * @kind:     enum leaks_holder_kind, if @is_held
 * @module:   of a global, else ""
 * @variable: of a global: its name, or ""; @offset: into it, or into the module
 * @most:     kept by the one whose way is told
 * @expression: that way in the words of a Python program, or ""
 * @is_guessed: see struct leaks_kept
 */
struct report_held {
	uint64_t sig;
	uint32_t stack;
	uint32_t fn;
	uint32_t class; /* enum leaks_class */
	const char *type;
	struct leaks_count own;
	struct leaks_count kept;
	bool is_held;
	bool is_cut;
	uint32_t kind;
	uint32_t tid;
	const char *module;
	const char *variable;
	uint64_t offset;
	VEC(struct report_step) steps;
	struct leaks_count most;
	const char *expression;
	bool is_guessed;
};

typedef VEC(struct report_leak) report_leaks;
typedef VEC(struct report_held) report_helds;

#define REPORT_HELD_MAX	      2000 /* of one process, those that keep most */
#define REPORT_HELD_TYPES_MAX 500

/** struct report_holder - see struct leaks_holder */
struct report_holder {
	uint32_t kind;
	const char *module; /* of LEAKS_HOLDER_GLOBAL, else "" */
	uint32_t tid;	    /* of those that belong to a thread, else 0 */
	struct leaks_count held;
};

/** struct report_scan - see struct result_leaks; @looked: somebody has */
struct report_scan {
	uint32_t signal;
	const char *mark; /* NULL: none */
	uint64_t asleep;
	bool looked;
	bool done;
	bool direct;
	bool partial;
	uint32_t moment;
	const char *why; /* or NULL */
	uint64_t threads;
	uint64_t unstopped;
	uint64_t unread;
	uint64_t stopped_ns;
	uint64_t total_ns;
	struct leaks_count classes[LEAKS_CLASS_COUNT];
	VEC(struct report_holder) holders;
};

/** struct report_look - what a look at a mark has found; @mark: index of report_process.marks */
struct report_look {
	uint32_t mark;
	struct report_scan scan;
	report_leaks leaks;
};

/* Where a suppression comes from. */
enum report_suppression_source {
	REPORT_SUPPRESSION_FILE,    /* that the user named */
	REPORT_SUPPRESSION_PROGRAM, /* __lsan_default_suppressions() of the program */
	REPORT_SUPPRESSION_BUILTIN, /* tenure's own */
	REPORT_SUPPRESSION_COUNT,
};

/**
 * struct report_suppression - an entry of a list of leaks not to be spoken of
 * @file:   of the list, and where in it; "" where there is none
 * @reason: or ""
 * @used:   leaks it has suppressed; @own: their blocks and bytes, with what hangs on them
 */
struct report_suppression {
	const char *name;
	const char *file;
	const char *reason;
	uint32_t line;
	uint32_t source; /* enum report_suppression_source */
	uint64_t used;
	struct leaks_count own;
};

#endif /* REPORT_DOCUMENT_LEAKS_H */
