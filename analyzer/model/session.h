/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process image: takes its events in order and keeps all models of it.
 *
 * The calls mirror struct input_ops, so that cmd/ can connect the two with
 * one line each; the model knows nothing of pipes and files.
 */
#ifndef MODEL_SESSION_H
#define MODEL_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/image.h"
#include "result.h"

struct session;
struct heap;
struct sites;
struct maps;
struct maps_range;
struct result_leaks;

/** struct session_python - its interpreter: 3.minor, 0: there is none; and where it lies */
struct session_python {
	uint32_t minor;
	uint64_t start;
	uint64_t end;
};

/**
 * struct session_view - what is alive in it now; borrowed, valid until the next event
 * @breaks:  what the program itself took by brk() and sbrk()
 * @modules: all there ever were
 * @partial: blocks may be alive that are not known: inherited from before a fork, from
 *           before recording began, not sampled, or lost
 */
struct session_view {
	const struct heap *heap;
	const struct sites *sites;
	const struct maps *maps;
	const struct maps_range *breaks;
	size_t breaks_count;
	const struct result_module *modules;
	size_t modules_count;
	struct session_python python;
	bool partial;
};

/**
 * struct session_options - what can be chosen
 * @gen_clock: bytes allocated since birth at which a block enters generation 1
 *             and 2; 0: 1 MiB and 16 MiB
 */
struct session_options {
	uint64_t gen_clock[RESULT_GENERATIONS - 1];
};

/**
 * session_new() - nothing has happened yet
 * @options: NULL for the defaults
 *
 * Return: NULL when memory has run out.
 */
struct session *session_new(const struct session_options *options, const struct image_info *info);

struct session *session_free(struct session *session);

/**
 * session_feed() - what happened next
 *
 * If the analyzer's own memory runs out, events are counted but no longer
 * modelled, and the result says so (trust.complete, trust.notes).
 */
void session_feed(struct session *session, const struct event *events, size_t count);

/** session_memory() - a sample of the resident set */
void session_memory(struct session *session, uint64_t stamp, uint64_t rss_bytes);

void session_view(const struct session *session, struct session_view *ret_view);

/** session_give_leaks() - what a scan has found, for the result; borrowed until session_free() */
void session_give_leaks(struct session *session, const struct result_leaks *leaks);

/** session_give_looks() - likewise, what was found at marks */
void session_give_looks(struct session *session, const struct result_leaks *const *looks,
			size_t count);

/** session_give_held() - likewise, when Python code was over and its objects still there */
void session_give_held(struct session *session, const struct result_leaks *held);

/** session_end() - no more events; copies what it needs of @end */
void session_end(struct session *session, const struct image_end *end);

/**
 * session_exited() - the parent of the process knows better how it ended (waitpid)
 * @end:    RESULT_END_EXIT or RESULT_END_SIGNAL
 * @status: exit status or signal
 *
 * After session_end(), before session_finish().  Ignored for images that
 * ended by an exec: the status belongs to a later one.
 */
void session_exited(struct session *session, enum result_end end, int status);

/**
 * session_finish() - everything there is to know
 *
 * Return: owned by @session, NULL when memory has run out.  Further calls
 * return the same.
 */
const struct result_process *session_finish(struct session *session);

#endif /* MODEL_SESSION_H */
