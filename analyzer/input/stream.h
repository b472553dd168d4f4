/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process image between its source (a live process or a capture file) and
 * its listener.  Both sources make the same calls, and a live one has them
 * written to a capture on the way: so a replay sees what the server saw.
 */
#ifndef INPUT_STREAM_H
#define INPUT_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"
#include "capture.h"
#include "image.h"
#include "merge.h"

#define STREAM_NAME_MAX	 256u  /* of a mark */
#define STREAM_MARKS_MAX 4096u /* that wait; beyond, the older ones are passed on too early */

/** struct stream_mark - one that waits for its time; @payload as of TENURE_EXT_MARK */
struct stream_mark {
	uint64_t stamp;
	uint32_t bytes;
	uint8_t payload[sizeof(uint32_t) + STREAM_NAME_MAX];
};

/**
 * struct stream - one process image
 * @image:       what the listener calls it
 * @capture:     borrowed, or NULL
 * @nodes:       by id; as they came, not checked
 * @nodes_count: ids are below this
 */
struct stream {
	struct image_info info;
	const struct input_ops *ops;
	void *image;
	struct capture_writer *capture;
	struct merge merge;
	VEC(struct stream_mark) marks;
	uint64_t stream_bytes;
	uint64_t forced;
	uint64_t bad_bytes;
	uint64_t missing_chunks;
	struct tenure_node *nodes;
	uint32_t nodes_count;
	uint32_t nodes_space;
};

/**
 * struct stream_end - what a source knows at the end; payload of CAPTURE_END
 * @how:       enum image_how
 * @bad_bytes: bytes of the source that belonged to no chunk
 */
struct stream_end {
	uint32_t how;
	int32_t status;
	uint64_t end_stamp;
	uint64_t bad_bytes;
	double ns_per_tick;
};

/**
 * stream_new() - begin an image, and ask the listener
 * @arg:        for image_begun()
 * @ret_stream: NULL when the listener declines
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int stream_new(const struct image_info *info, const struct input_ops *ops, void *arg,
			      struct capture_writer *capture, struct stream **ret_stream);

/** stream_free() - the listener hears nothing more.  Return: NULL */
struct stream *stream_free(struct stream *stream);

/**
 * stream_chunk() - part of a chunk, or the whole
 * @head:  .bytes 0 while the chunk may still grow; .slot < TENURE_SLOTS_MAX, .seq not 0
 * @from:  place of @bytes within the chunk, at least sizeof(*head)
 *
 * What has been seen before is passed over; @bytes has no need of padding.
 */
void stream_chunk(struct stream *stream, const struct tenure_chunk *head, uint32_t from,
		  const uint8_t *bytes, uint32_t count);

/**
 * stream_sync() - all events stamped @stamp or earlier are there: pass them on
 * @forced: they may not all be there, but the queue has become too long
 */
void stream_sync(struct stream *stream, uint64_t stamp, bool forced);

/** stream_memory() - a sample of the resident set */
void stream_memory(struct stream *stream, uint64_t stamp, uint64_t rss_bytes);

/** stream_looked() - as input_ops.looked */
void stream_looked(struct stream *stream, const struct image_look *look);

/**
 * stream_mark() - a mark that somebody outside has made
 * @stamp: when; not before that of another one
 * @kind:  enum tenure_mark_kind
 * @bytes: of @name
 *
 * It is passed on with the events of that time.
 */
void stream_mark(struct stream *stream, uint64_t stamp, uint32_t kind, const char *name,
		 uint32_t bytes);

/** stream_nodes() - stack nodes @first and following; what goes beyond the limits is dropped */
void stream_nodes(struct stream *stream, uint32_t first, const struct tenure_node *nodes,
		  uint32_t count);

/** stream_end() - pass on all that is queued, then the end; @shared may be NULL */
void stream_end(struct stream *stream, const struct stream_end *end,
		const struct tenure_shared *shared);

#endif /* INPUT_STREAM_H */
