/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the model knows of one process image when it has ended: plain data,
 * no names.  report/ turns it into the document; nothing below report/ needs
 * symbols, and nothing above model/ needs events.
 *
 * Everything here is owned by the session that made it and valid until
 * session_free().  Times are ticks of the target's clock until
 * result_process.ns_per_tick is applied; sizes are bytes.
 */
#ifndef MODEL_RESULT_H
#define MODEL_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tenure/wire.h"

#define RESULT_GENERATIONS  3
#define RESULT_SIZE_BUCKETS 40 /* bucket n: sizes of n significant bits; 0: size 0 */
#define RESULT_LIFE_BUCKETS 40 /* bucket n: lifetimes of n significant bits, in microseconds */

/**
 * struct result_errors - standard errors of figures that are estimates; else all 0
 *
 * Names are those of the figures in struct result_site; of the totals, @bytes
 * is that of allocated_bytes.
 */
struct result_errors {
	uint64_t allocations;
	uint64_t bytes;
	uint64_t live_blocks;
	uint64_t live_bytes;
	uint64_t peak_blocks;
	uint64_t peak_bytes;
};

/**
 * struct result_site - all allocations from one stack by one function
 * @stack:        id of the leaf node
 * @fn:           enum tenure_fn
 * @type:         of the objects in the blocks: index of result_python.types, 0: none
 * @collected_blocks: given back by a garbage collector: what only it could free
 * @collected_bytes:  likewise
 * @allocations:  blocks ever made
 * @bytes:        bytes ever asked for
 * @frees:        blocks given back (a realloc gives the old one back)
 * @temporary:    blocks freed by their own thread before it allocated again
 * @live_blocks:  at the end of the stream
 * @live_bytes:   likewise
 * @peak_blocks:  at the moment of the process's peak
 * @peak_bytes:   likewise; these sum up to the peak exactly
 * @max_bytes:    most this site ever had live
 * @died:         blocks by the generation they died in
 * @alive:        blocks live at the end, by the generation they had reached
 * @alive_bytes:  their bytes
 * @survived_bytes: bytes of all blocks that reached the oldest generation, dead or alive
 * @life_sum:     ticks lived by the blocks that died
 * @life_max:     longest of them
 * @errors:       when sampled
 */
struct result_site {
	uint32_t stack;
	uint32_t fn;
	uint32_t type;
	uint64_t collected_blocks;
	uint64_t collected_bytes;
	uint64_t allocations;
	uint64_t bytes;
	uint64_t frees;
	uint64_t temporary;
	uint64_t live_blocks;
	uint64_t live_bytes;
	uint64_t peak_blocks;
	uint64_t peak_bytes;
	uint64_t max_bytes;
	uint64_t died[RESULT_GENERATIONS];
	uint64_t alive[RESULT_GENERATIONS];
	uint64_t alive_bytes[RESULT_GENERATIONS];
	uint64_t survived_bytes;
	uint64_t life_sum;
	uint64_t life_max;
	struct result_errors errors;
};

/**
 * struct result_module - one loaded object
 * @generation: first module generation it was seen in
 * @gone:       first generation it was no longer there, 0 if it stayed
 * @build_id:   hexadecimal, "" when it has none
 */
struct result_module {
	uint64_t bias;
	uint64_t start;
	uint64_t end;
	uint32_t generation;
	uint32_t gone;
	const char *build_id;
	const char *path;
};

/**
 * struct result_thread - and what became of the blocks it made, whoever freed them
 * @end: 0: lived to the end of the process image
 * @peak_*, @survived_*, @collected_*: as of sites
 */
struct result_thread {
	uint32_t tid;
	const char *name;
	uint64_t start;
	uint64_t end;
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

/** struct result_moment - a point of the timeline; the maximum over its interval */
struct result_moment {
	uint64_t stamp;
	uint64_t heap_bytes;
	uint64_t heap_blocks;
	uint64_t mapped_bytes;
	uint64_t rss_bytes; /* 0: not sampled in this interval */
};

struct result_mark {
	uint64_t stamp;
	uint32_t kind; /* enum tenure_mark_kind */
	const char *name;
	uint64_t heap_bytes;
	uint64_t heap_blocks;
	uint64_t allocations;
};

/**
 * struct result_type - blocks whose type the program or a provider named
 * @died, @alive, @alive_bytes, @survived_bytes, @collected_*: as of sites; only
 *         for types that a provider has read from the blocks' headers
 */
struct result_type {
	const char *name;
	uint64_t allocations;
	uint64_t bytes;
	uint64_t live_blocks;
	uint64_t live_bytes;
	uint64_t peak_blocks;
	uint64_t peak_bytes;
	uint64_t died[RESULT_GENERATIONS];
	uint64_t alive[RESULT_GENERATIONS];
	uint64_t alive_bytes[RESULT_GENERATIONS];
	uint64_t survived_bytes;
	uint64_t collected_blocks;
	uint64_t collected_bytes;
};

enum result_end {
	RESULT_END_UNKNOWN, /* the stream ended; nobody could tell how */
	RESULT_END_EXIT,    /* .end_status is the exit status */
	RESULT_END_SIGNAL,  /* .end_status is the signal */
	RESULT_END_EXEC,    /* another image followed in the same process */
	RESULT_END_RUNNING, /* still alive when the report was made */
};

/**
 * struct result_totals - of heap blocks; mapped ranges apart
 *
 * @allocations includes reallocs, as valgrind counts them.  @died_bytes are
 * those of freed blocks by the generation they died in, @collected_* what
 * collectors have freed of each.
 */
struct result_totals {
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
	uint64_t peak_stamp;
	uint64_t peak_rss_bytes;
	uint64_t inherited_frees;   /* of blocks from before a fork, or unknown */
	uint64_t mapped_peak_bytes; /* anonymous maps made by the program */
	uint64_t mapped_live_bytes;
	uint64_t mapped_file_bytes; /* file maps live at the end */
	uint64_t maps;
	uint64_t unmaps;
	int64_t break_bytes; /* growth of the data segment by the program itself */
	uint64_t by_fn[TENURE_FN_COUNT];
	uint64_t size_histogram[RESULT_SIZE_BUCKETS];
	uint64_t life_histogram[RESULT_LIFE_BUCKETS];
};

/**
 * struct result_trust - what the figures can be trusted for
 * @complete:  every event of this process image is in the figures
 * @lost:      events lost, by enum tenure_lost
 * @truncated: stacks cut; @guessed: stacks that hold a guessed frame; @folded: node table full
 * @repaired:  pairs of events that had to be put in order by state
 * @unmatched: blocks whose address was given out again and whose free never came
 * @bad_bytes: bytes of the stream that could not be decoded
 * @missing_chunks: pieces of the stream that never came
 * @off_reason: why the shim switched itself off, or NULL
 */
struct result_trust {
	bool complete;
	uint64_t lost[TENURE_LOST_COUNT];
	uint64_t truncated;
	uint64_t guessed;
	uint64_t folded;
	uint64_t repaired;
	uint64_t unmatched;
	uint64_t bad_bytes;
	uint64_t missing_chunks;
	const char *off_reason;
	const char *const *notes;
	size_t notes_count;
};

enum result_series_kind {
	RESULT_SERIES_MARK,	  /* each mark of one name, but the first */
	RESULT_SERIES_COLLECTION, /* each full collection */
	RESULT_SERIES_TIME,	  /* as time goes on */
};

/** struct result_level - what a site (index into result_process.sites) held */
struct result_level {
	uint32_t site;
	uint64_t bytes;
	uint64_t blocks;
};

/**
 * struct result_point - what was live at one moment of a series
 * @iteration: number of the moment, from 0; some may be left out
 * @levels:    of the sites that held something
 */
struct result_point {
	uint64_t stamp;
	uint64_t iteration;
	uint64_t heap_bytes;
	uint64_t heap_blocks;
	const struct result_level *levels;
	size_t levels_count;
};

/** struct result_series - moments that can be compared; @seen: how many there were */
struct result_series {
	enum result_series_kind kind;
	const char *name; /* of the mark, else "" */
	uint64_t seen;
	const struct result_point *points;
	size_t points_count;
};

struct result_python;
struct result_arenas;
struct result_containers;
struct result_cycles;
struct result_python_end;
struct result_leaks;

/**
 * struct result_process - one process image
 * @nodes:       stack nodes, index is the id; [0] unused.  An id whose node
 *               never arrived has kind TENURE_NODE_NONE
 * @sites:       every site that ever allocated, in no order
 * @mapped:      the same for mmap'd anonymous ranges
 * @gen_clock:   bytes allocated since birth at which a block enters
 *               generation 1 and 2
 * @sample_bytes: mean distance of samples; then the figures of heap blocks are
 *               estimates.  0: everything was recorded
 * @errors:      of the totals, when sampled
 * @python:      NULL when there is no interpreter in it; result-python.h
 * @containers:  the biggest ones when the heap was highest, and the last time, if
 *               that was another; result-python.h
 * @arenas:      NULL when it has no pymalloc that is seen; result-python.h
 * @cycles:      of Python objects; NULL when @python is; result-cycles.h
 * @python_end:  NULL when its code did not come to its end; result-python.h
 * @leaks:       NULL when nobody looked; result-leaks.h
 * @looks:       at marks, in their order; each knows its mark by the stamp
 * @held:        tells how memory is held: of a program whose interpreter is gone at the end,
 *               an earlier look; NULL when nobody looked
 * @ns_per_tick: multiply a difference of stamps by it
 * @start_unix_ns: wall clock at @start_stamp, CLOCK_REALTIME
 */
struct result_process {
	uint32_t pid;
	uint32_t ppid;
	uint64_t image;
	bool forked;
	const char *exe;
	const char *command; /* arguments separated by NUL, ended by two */
	enum result_end end;
	int end_status;
	uint64_t start_stamp;
	uint64_t end_stamp;
	uint64_t start_unix_ns;
	double ns_per_tick;
	uint64_t gen_clock[RESULT_GENERATIONS - 1];
	uint64_t sample_bytes;
	struct result_errors errors;
	uint64_t events;
	uint64_t stream_bytes;

	struct result_totals totals;
	struct result_trust trust;
	const struct tenure_node *nodes;
	size_t nodes_count;
	const struct result_site *sites;
	size_t sites_count;
	const struct result_site *mapped;
	size_t mapped_count;
	const struct result_module *modules;
	size_t modules_count;
	const struct result_thread *threads;
	size_t threads_count;
	const struct result_moment *timeline;
	size_t timeline_count;
	const struct result_mark *marks;
	size_t marks_count;
	const struct result_type *types;
	size_t types_count;
	const struct result_series *series;
	size_t series_count;
	const struct result_python *python;
	const struct result_arenas *arenas;
	const struct result_containers *containers;
	size_t containers_count;
	const struct result_cycles *cycles;
	const struct result_python_end *python_end;
	const struct result_leaks *leaks;
	const struct result_leaks *const *looks;
	size_t looks_count;
	const struct result_leaks *held;
};

#endif /* MODEL_RESULT_H */
