/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state that is accepted: what was live at the end and which reference cycles
 * there were, by signature, and the totals, with the environment that they were
 * measured in.
 *
 * The file is JSON with one line per signature, in order, so that a change is
 * readable in a version control system.
 */
#ifndef GATE_BASELINE_H
#define GATE_BASELINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/vec.h"
#include "gate/facts.h"

#define BASELINE_SCHEMA "tenure.baseline/1"

/** struct baseline_entry - one signature; @reason: why it was accepted, or "" */
struct baseline_entry {
	uint64_t sig;
	uint64_t live_bytes;
	uint64_t live_blocks;
	const char *module;
	const char *where;
	const char *reason;
};

/** struct baseline_cycle - cycles of one shape, see struct facts_cycle */
struct baseline_cycle {
	uint64_t sig;
	uint64_t count;
	uint64_t objects;
	const char *where;
	const char *reason;
};

/**
 * struct baseline - all zero but @environment is empty
 * @entries, @cycles: in order of their signatures
 * @has_cycles: without it none were looked for, and @cycles is empty
 */
struct baseline {
	struct facts_environment environment;
	uint64_t totals[LIMITS_COUNT];
	const char *reasons[LIMITS_COUNT]; /* why a total was raised, or NULL */
	VEC(struct baseline_entry) entries;
	VEC(struct baseline_cycle) cycles;
	bool has_cycles;
	struct arena texts;
	char error[256];
};

/** baseline_from() - what @facts say.  Return: 0 or -ENOMEM */
attr_nodiscard int baseline_from(struct baseline *baseline, const struct facts *facts);

/**
 * baseline_load() - read @path
 *
 * Return: 0; -EINVAL and baseline->error says why; -ENOMEM; or a negative
 * errno of open or read.  In any case baseline_fini() is needed.
 */
attr_nodiscard int baseline_load(struct baseline *baseline, const char *path);

/** baseline_write() - write it to @file.  Return: 0, -ENOMEM, or a negative errno */
attr_nodiscard int baseline_write(const struct baseline *baseline, FILE *file);

/** baseline_find() - the entry of this signature, or NULL */
struct baseline_entry *baseline_find(const struct baseline *baseline, uint64_t sig);

/** baseline_find_cycle() - the cycles of this signature, or NULL */
struct baseline_cycle *baseline_find_cycle(const struct baseline *baseline, uint64_t sig);

/**
 * baseline_lower() - take over from @facts what has become less, and only that
 *
 * Return: how many figures have changed.
 */
uint64_t baseline_lower(struct baseline *baseline, const struct facts *facts);

/**
 * baseline_accept() - take over one signature, of blocks or of cycles, or one total ("peak"), as
 * @facts have it
 * @reason: not empty
 *
 * Return: 0; -ENOENT when @facts have no such thing; -ENOMEM.
 */
attr_nodiscard int baseline_accept(struct baseline *baseline, const struct facts *facts,
				   const char *what, const char *reason);

/** baseline_copy() - @text, which lives as long as @baseline then; or NULL */
const char *baseline_copy(struct baseline *baseline, const char *text);

/** baseline_sort() - put the entries in order, after some were added */
void baseline_sort(struct baseline *baseline);

void baseline_fini(struct baseline *baseline);

#endif /* GATE_BASELINE_H */
