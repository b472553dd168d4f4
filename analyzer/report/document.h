/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report document: what JSON, terminal text and every other format are
 * made from.  Plain data.
 *
 * All texts are valid UTF-8 and, like everything else in it, owned by the
 * document.  Sizes are bytes, times nanoseconds.  docs/report-schema.json
 * describes the same fields in the same words.
 */
#ifndef REPORT_DOCUMENT_H
#define REPORT_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hashmap.h"
#include "base/idmap.h"
#include "base/intern.h"
#include "base/vec.h"
#include "model/result.h"
#include "report/cycles.h"
#include "report/document-leaks.h"
#include "report/document-python.h"
#include "report/gate-result.h"

#define REPORT_SCHEMA "tenure.report/1"
#define REPORT_NONE   UINT32_MAX /* no string, no stack */

/**
 * struct report_frame - a function at a place
 * @function: number of a string
 * @file:     likewise, or REPORT_NONE
 * @module:   likewise, or REPORT_NONE; path of the object
 * @line:     0 when unknown
 * @address:  link address in @module, 0 when @line says it better
 * @kind:     enum resolve_kind
 * @named:    @function is a name, not a place
 * @inlined:  its code stands inside the caller's
 */
struct report_frame {
	uint32_t function;
	uint32_t file;
	uint32_t module;
	uint32_t line;
	uint64_t address;
	uint8_t kind;
	bool named;
	bool inlined;
};

/** struct report_stack - a frame on top of its caller's stack, or REPORT_NONE */
struct report_stack {
	uint32_t caller;
	uint32_t frame;
};

/** struct report_site - see struct result_site; @sig is the same in all builds and on all machines
 */
struct report_site {
	uint64_t sig;
	uint32_t stack;
	uint32_t fn;	 /* enum tenure_fn */
	uint32_t origin; /* enum report_origin */
	uint64_t allocations;
	uint64_t bytes;
	uint64_t frees;
	uint64_t temporary;
	uint64_t live_blocks;
	uint64_t live_bytes;
	uint64_t peak_blocks;
	uint64_t peak_bytes;
	uint64_t max_bytes;
	uint64_t end_blocks; /* when the Python program's code was over */
	uint64_t end_bytes;
	uint64_t died[RESULT_GENERATIONS];
	uint64_t alive[RESULT_GENERATIONS];
	uint64_t alive_bytes[RESULT_GENERATIONS];
	uint64_t survived_bytes;
	uint64_t collected_blocks;
	uint64_t collected_bytes;
	uint64_t life_mean_ns;
	uint64_t life_max_ns;
	struct result_errors errors;
};

typedef VEC(struct report_site) report_sites;

/** struct report_thread - see struct result_thread; @end_ns is 0 if it lived to the end */
struct report_thread {
	uint32_t tid;
	const char *name;
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t allocations;
	uint64_t bytes;
	uint64_t live_blocks;
	uint64_t live_bytes;
	uint64_t peak_blocks;
	uint64_t peak_bytes;
	uint64_t survived_blocks;
	uint64_t survived_bytes;
	uint64_t collected_blocks;
	uint64_t collected_bytes;
};

struct report_moment {
	uint64_t time_ns;
	uint64_t heap_bytes;
	uint64_t heap_blocks;
	uint64_t mapped_bytes;
	uint64_t rss_bytes; /* 0: not sampled */
};

struct report_mark {
	uint64_t time_ns;
	uint32_t kind; /* enum tenure_mark_kind */
	const char *name;
	uint64_t heap_bytes;
	uint64_t heap_blocks;
	uint64_t allocations;
};

/** struct report_point - see struct result_point */
struct report_point {
	uint64_t time_ns;
	uint64_t iteration;
	uint64_t heap_bytes;
	uint64_t heap_blocks;
};

/** struct report_rise - what all sites of one signature held, per point of a series */
struct report_rise {
	uint64_t sig;
	uint64_t *bytes;
	uint64_t *blocks;
};

/**
 * struct report_series - moments that can be compared; see struct result_series
 * @rises: of the signatures that rose in each of the last three intervals, the
 *         largest rise first
 */
struct report_series {
	uint32_t kind; /* enum result_series_kind */
	const char *name;
	uint64_t seen;
	VEC(struct report_point) points;
	VEC(struct report_rise) rises;
};

#define REPORT_RISES_MAX 200 /* of one series */

struct report_module {
	const char *path;
	const char *build_id; /* "" when it has none */
	uint32_t names;	      /* enum resolve_source */
};

struct report_end {
	enum result_end kind;
	int value; /* exit status or signal */
};

/** struct report_totals - see struct result_totals; times from the start of the process image */
struct report_totals {
	uint64_t allocations;
	uint64_t allocated_bytes;
	uint64_t frees;
	uint64_t freed_bytes;
	uint64_t died_bytes[RESULT_GENERATIONS];
	uint64_t collected_blocks[RESULT_GENERATIONS];
	uint64_t collected_bytes[RESULT_GENERATIONS];
	uint64_t reallocs;
	uint64_t temporary;
	uint64_t live_blocks;
	uint64_t live_bytes;
	uint64_t peak_bytes;
	uint64_t peak_blocks;
	uint64_t peak_time_ns;
	uint64_t peak_rss_bytes; /* at that moment; 0: not sampled */
	uint64_t inherited_frees;
	uint64_t mapped_peak_bytes;
	uint64_t mapped_live_bytes;
	uint64_t mapped_file_bytes;
	uint64_t maps;
	uint64_t unmaps;
	int64_t break_bytes;
	uint64_t by_fn[TENURE_FN_COUNT];
	uint64_t size_histogram[RESULT_SIZE_BUCKETS];
	uint64_t life_histogram[RESULT_LIFE_BUCKETS];
	struct result_errors errors;
};

/** struct report_trust - see struct result_trust */
struct report_trust {
	bool complete;
	uint64_t lost[TENURE_LOST_COUNT];
	uint64_t truncated;
	uint64_t guessed;
	uint64_t folded;
	uint64_t repaired;
	uint64_t unmatched;
	uint64_t bad_bytes;
	uint64_t missing_chunks;
	const char *off_reason; /* or NULL */
	report_texts notes;
};

struct report_process {
	uint32_t pid;
	uint32_t ppid;
	uint64_t image;
	bool forked;
	const char *exe;
	report_texts command;
	struct report_end end;
	uint64_t start_ns; /* since the session's start */
	uint64_t duration_ns;
	bool collected; /* generations go by a collector, not by @gen_clock */
	uint64_t gen_clock[RESULT_GENERATIONS - 1];
	uint64_t sample_bytes;
	uint64_t events;
	uint64_t stream_bytes;
	struct report_totals totals;
	struct report_trust trust;
	report_sites sites;
	report_sites mapped;
	VEC(struct report_thread) threads;
	VEC(struct report_moment) timeline;
	VEC(struct report_mark) marks;
	VEC(struct report_series) checkpoints;
	VEC(struct result_type) types;
	VEC(struct report_module) modules;
	struct report_python python;
	struct report_cycles cycles;
	struct report_scan scan;
	report_leaks leaks;
	VEC(struct report_look) looks; /* in the order of their marks */
	report_helds held;
	report_helds held_types;   /* by type of Python objects */
	report_helds held_objects; /* the objects that keep most */
	uint32_t held_moment;	   /* enum tenure_moment */
	struct leaks_python held_python;
};

/** struct report_tree - all processes taken together; see report_sum() */
struct report_tree {
	bool complete;
	uint64_t allocations;
	uint64_t allocated_bytes;
	uint64_t frees;
	uint64_t freed_bytes;
	uint64_t reallocs;
	uint64_t temporary;
	uint64_t live_blocks;
	uint64_t live_bytes;
	uint64_t peak_bytes; /* the largest peak of one process */
	uint32_t peak_process;
};

/**
 * struct report_sig_line - what a frame says in signatures
 * @text:    number of the text, + 1; 0: not known yet
 * @process: whose modules it was made with, counted from 1; 0: good for all
 * @counts:  it says something about the site
 * @interpreter: only where no Python function is on the stack
 * @ends:    what is outside of it says nothing
 */
struct report_sig_line {
	uint32_t text;
	uint32_t process;
	bool counts;
	bool interpreter;
	bool ends;
};

/** struct report - the document; @frames and @stacks are referred to by number */
struct report {
	const char *generator;
	const char *version;
	report_texts command;
	const char *cwd;
	const char *host;
	const char *hash_seed; /* of Python; "" when not set or not known */
	uint64_t start_unix_ns;
	uint64_t duration_ns;
	struct report_end end;
	struct report_tree tree;
	struct intern strings;
	VEC(struct report_frame) frames;
	VEC(struct report_stack) stacks;
	VEC(struct report_process) processes;
	VEC(struct report_suppression) suppressions;
	struct gate_result gate;

	struct arena texts;
	struct hashmap frame_ids;
	struct idmap stack_ids;
	struct idmap resolved_ids; /* number of a frame of the resolver to that of a frame */
	struct intern sig_texts;
	VEC(struct report_sig_line) sig_lines; /* per frame */
	VEC(uint8_t) sig_python;	       /* per stack: is there Python on it? */
};

#endif /* REPORT_DOCUMENT_H */
