/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the report document that tells of a CPython; see document.h. */
#ifndef REPORT_DOCUMENT_PYTHON_H
#define REPORT_DOCUMENT_PYTHON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "model/result-python.h"
#include "model/result.h"

/** struct report_collection - see struct result_collection; times from the process's start */
struct report_collection {
	uint64_t time_ns;
	uint64_t duration_ns;
	uint32_t interpreter;
	uint32_t generation;
	uint64_t collected;
	uint64_t uncollectable;
	uint64_t freed_blocks;
	uint64_t freed_bytes;
	uint64_t heap_bytes;
	uint64_t heap_blocks;
};

/** struct report_container - see struct result_container; @type is "" when it is not known */
struct report_container {
	const char *type;
	uint32_t stack;
	uint32_t side_stack;
	uint64_t bytes;
	uint64_t length;
};

/** struct report_containers - see struct result_containers; time from the process's start */
struct report_containers {
	uint64_t time_ns;
	uint64_t heap_bytes;
	bool is_end;
	bool partial;
	VEC(struct report_container) items;
};

/** Whose doing an allocation of a Python program is. */
enum report_origin {
	REPORT_ORIGIN_NONE, /* no Python program, or not known */
	REPORT_ORIGIN_INTERPRETER,
	REPORT_ORIGIN_LIBRARY,
	REPORT_ORIGIN_APPLICATION,
	REPORT_ORIGINS,
};

/** struct report_python_leak - see struct result_python_leak; @type may be "" */
struct report_python_leak {
	uint32_t kind;
	uint32_t origin;
	uint64_t sig;
	uint32_t stack;
	uint32_t fn;
	const char *type;
	uint64_t objects;
	uint64_t bytes;
	uint64_t references;
};

/**
 * struct report_python_end - see struct result_python_end
 * @blocks, @bytes: that were live, by origin
 * @own_objects: leaks that are the interpreter's own doing, which are not listed
 * @held_objects: objects, or references to them, that would be leaks if native memory did not
 *                hold them
 */
struct report_python_end {
	bool seen;
	uint64_t time_ns;
	uint64_t blocks[REPORT_ORIGINS];
	uint64_t bytes[REPORT_ORIGINS];
	uint64_t own_objects;
	uint64_t held_objects;
	VEC(struct report_python_leak) leaks;
};

/** struct report_python - see struct result_python; @version is NULL when there is none */
struct report_python {
	const char *version;
	bool no_generations;
	uint64_t runs[RESULT_GENERATIONS];
	uint64_t run_ns[RESULT_GENERATIONS];
	uint64_t collected;
	uint64_t uncollectable;
	bool has_arenas;
	struct result_arenas arenas;
	VEC(struct report_containers) containers;
	VEC(struct report_collection) collections;
	struct report_python_end end;
};

#endif /* REPORT_DOCUMENT_PYTHON_H */
