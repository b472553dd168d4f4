/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process image that runs: its pipe and its shared memory, read together.
 */
#ifndef INPUT_LIVE_H
#define INPUT_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "reader.h"
#include "stream.h"

#define LIVE_OLD_PIPES 4u

/**
 * struct live_pipe - one pipe and what was read from it
 * @fd:    read end, not blocking; -1: all writers are gone
 * @bytes: its capacity
 */
struct live_pipe {
	int fd;
	size_t bytes;
	struct reader reader;
};

/**
 * struct live - owns all it points to
 * @stream:      where everything goes
 * @pipe:        that the process writes to
 * @old:         pipes from before it connected again: a thread may still be writing there
 * @bad_bytes:   of pipes that are closed
 * @map:         the memfd, read-only
 * @page:        its first page, to be written; NULL unless leaks are looked for
 * @idle:        by slot: a moment before which it surely holds nothing back
 * @positions:   by slot: scratch
 * @synced:      the last watermark passed on
 * @synced_at:   when that was tried
 * @nodes_next:  nodes below went to the capture
 * @queue_bytes: bound of what waits
 */
struct live {
	struct stream *stream;
	struct live_pipe pipe;
	struct live_pipe old[LIVE_OLD_PIPES];
	unsigned int old_count;
	uint64_t bad_bytes;
	const uint8_t *map;
	struct tenure_shared *page;
	uint64_t *idle;
	uint64_t *positions;
	uint32_t idle_count;
	uint64_t synced;
	uint64_t synced_at;
	uint32_t nodes_next;
	size_t queue_bytes;
};

/** live_init() - takes @stream, not the descriptors; 0 or a negative errno */
attr_nodiscard int live_init(struct live *live, struct stream *stream, int memfd,
			     size_t queue_bytes);
void live_fini(struct live *live);

/**
 * live_connect() - read from this pipe, of @bytes, from now on
 *
 * Takes @fd when it succeeds.  Return: 0 or -ENOMEM.
 */
attr_nodiscard int live_connect(struct live *live, int fd, size_t bytes);

enum live_state {
	LIVE_IDLE,    /* there was nothing */
	LIVE_DRAINED, /* there was something, and no more now */
	LIVE_MORE,    /* there may be more at once */
	LIVE_CLOSED,  /* all writers are gone */
};

/** live_read() - take what the pipe holds, up to a bound, and pass on what can be */
enum live_state live_read(struct live *live);

/** live_tick() - called now and then while the pipe is quiet */
void live_tick(struct live *live);

/**
 * live_want_scan() - let the process ask to be looked into at its end
 * @flags: enum tenure_scan_flag
 * @mark:  with TENURE_SCAN_MARKS: only at marks of this name; "" or NULL: at all
 */
void live_want_scan(struct live *live, int memfd, uint32_t flags, const char *mark);

/** live_wants_mark() - is it to be looked into at marks of this name, of @bytes? */
bool live_wants_mark(const struct live *live, const char *name, size_t bytes);

/** live_want_no_marks() - no longer at marks */
void live_want_no_marks(struct live *live);

/** live_shared() - the page shared with the process, to be read */
const struct tenure_shared *live_shared(const struct live *live);

/** live_scan_area() - the part of it that is about looking for leaks */
const struct tenure_scan_area *live_scan_area(const struct live *live);

/**
 * live_end_here() - as live_end(), in a fork, for the listener only
 *
 * Leaves the pipe and the capture to the original.
 */
void live_end_here(struct live *live, const struct stream_end *end);

/** live_is_busy() - is this thread in the shim, with something that is not published? */
bool live_is_busy(const struct live *live, uint32_t tid);

/** live_catch_up() - pass on what has happened up to now, as far as its order is certain */
void live_catch_up(struct live *live);

/** live_settle() - the process stands still: take and pass on all that there is */
void live_settle(struct live *live);

/** live_nodes() - its stack nodes, ids below *@ret_count; changing, unchecked */
const struct tenure_node *live_nodes(const struct live *live, uint32_t *ret_count);

/** live_end() - take all that is left in pipe and memory, then tell the listener */
void live_end(struct live *live, const struct stream_end *end);

#endif /* INPUT_LIVE_H */
