/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the model knows of the CPython in a process image: part of
 * struct result_process, owned and valid like it.
 */
#ifndef MODEL_RESULT_PYTHON_H
#define MODEL_RESULT_PYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tenure/wire-python.h"

/**
 * struct result_code - one code object
 * @name:        qualified from 3.11 on; NULL: this id was never described
 * @file:        as the code object has it, may be "<string>"
 * @firstlineno: line of "def"
 * @lines:       enum tenure_py_lines: how to read @table
 * @table:       its line table; shorter than @table_bytes of the wire when pieces are missing
 */
struct result_code {
	const char *name;
	const char *file;
	uint32_t firstlineno;
	uint32_t lines;
	const uint8_t *table;
	size_t table_bytes;
};

/**
 * struct result_collection - one run of the cyclic garbage collector
 * @start, @stop:  ticks; @stop is 0 when its end was not seen
 * @interpreter:   number of the interpreter
 * @generation:    the oldest generation that was examined
 * @collected:     objects it found unreachable
 * @uncollectable: and could not free
 * @freed_blocks:  blocks its thread gave back meanwhile
 * @freed_bytes:   their bytes
 * @heap_bytes:    live when it had ended, all heap blocks
 * @heap_blocks:   likewise
 */
struct result_collection {
	uint64_t start;
	uint64_t stop;
	uint32_t interpreter;
	uint32_t generation;
	uint64_t collected;
	uint64_t uncollectable;
	uint64_t freed_blocks;
	uint64_t freed_bytes;
	uint64_t heap_bytes;
	uint64_t heap_blocks;
};

/**
 * struct result_python - the interpreter of a process image
 * @version:     its own words, such as "3.11.2 (main, ...)"
 * @minor:       of 3.minor
 * @no_generations: its collector keeps none: generations are collections survived
 * @start, @end: the loaded object that holds it
 * @eval:        the function that executes Python frames
 * @eval_bytes:  its length
 * @cold, @cold_bytes: the part of it that lies apart
 * @codes:       index is the id; [0] unused
 * @types:       names, index is the id; [0] unused; NULL: never named
 * @collections: in order of their ends; the newest RESULT_COLLECTIONS_MAX
 * @collections_count: entries of @collections
 * @runs:        collections ever, by generation; exact
 * @run_ticks:   time spent in them, by generation
 * @collected, @uncollectable: objects, sums over all collections
 */
struct result_python {
	const char *version;
	uint32_t minor;
	bool no_generations;
	uint64_t start;
	uint64_t end;
	uint64_t eval;
	uint64_t eval_bytes;
	uint64_t cold;
	uint64_t cold_bytes;
	const struct result_code *codes;
	size_t codes_count;
	const char *const *types;
	size_t types_count;
	const struct result_collection *collections;
	size_t collections_count;
	uint64_t runs[3];
	uint64_t run_ticks[3];
	uint64_t collected;
	uint64_t uncollectable;
};

/**
 * struct result_arenas_level - pymalloc's arenas at one moment
 * @arena_bytes:   mapped for them
 * @blocks:        live blocks in them
 * @bytes:         as asked for
 * @rounded_bytes: as pymalloc rounds them up
 */
struct result_arenas_level {
	uint64_t arenas;
	uint64_t arena_bytes;
	uint64_t blocks;
	uint64_t bytes;
	uint64_t rounded_bytes;
};

/**
 * struct result_arenas - pymalloc's arenas
 * @peak:       at the moment of the process's peak
 * @end:        at the end of the stream
 * @most_bytes: most that was ever mapped for them
 */
struct result_arenas {
	struct result_arenas_level peak;
	struct result_arenas_level end;
	uint64_t most_bytes;
};

#define RESULT_SITE_NONE UINT32_MAX

/**
 * struct result_container - a list, dictionary, set, tuple or deque
 * @site:      of the object's block: index into result_process.sites
 * @side_site: of the block with its items, RESULT_SITE_NONE when they lie in the object's
 *             own, or in many
 * @bytes:     of all these
 * @length:    items
 */
struct result_container {
	uint32_t site;
	uint32_t side_site;
	uint64_t bytes;
	uint64_t length;
};

/**
 * struct result_containers - the biggest containers at one moment, the biggest first
 * @heap_bytes: live then
 * @is_end:     the interpreter was about to end; else after a full collection
 * @partial:    not all objects were looked at
 */
struct result_containers {
	uint64_t stamp;
	uint64_t heap_bytes;
	bool is_end;
	bool partial;
	uint32_t count;
	struct result_container items[TENURE_PY_CONTAINERS_MAX];
};

#define RESULT_PYTHON_LEAKS 3u /* kinds: enum tenure_py_leak_kind */

/**
 * struct result_python_leak - objects of one site that should not be there any more
 * @kind:       enum tenure_py_leak_kind
 * @site:       index into result_process.sites
 * @references: of theirs that are nobody's
 */
struct result_python_leak {
	uint32_t kind;
	uint32_t site;
	uint64_t objects;
	uint64_t bytes;
	uint64_t references;
};

struct result_level;

/**
 * struct result_python_end - when user code was over and the last collection done
 * @levels: what each site held
 * @held_objects: that were counted more often than referred to, until references to them were
 *                found in native memory
 */
struct result_python_end {
	uint64_t stamp;
	uint64_t heap_bytes;
	uint64_t heap_blocks;
	const struct result_level *levels;
	size_t levels_count;
	const struct result_python_leak *leaks;
	size_t leaks_count;
	uint64_t held_objects;
};

#define RESULT_COLLECTIONS_MAX 65536u

#endif /* MODEL_RESULT_PYTHON_H */
