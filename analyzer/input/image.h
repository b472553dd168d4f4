/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What input/ tells of process images, and to whom: the same words for a
 * program that runs now (server.h) and for a capture file (capture.h).
 *
 * A process image is what lies between two execs, or between a fork and an
 * exec: one address space, one heap.
 */
#ifndef INPUT_IMAGE_H
#define INPUT_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/target.h"
#include "event.h"
#include "tenure/wire.h"

/**
 * struct image_info - what is known of a process image when it begins
 * @image:        number, from 1, in order of arrival
 * @pid:          as the analyzer sees it, 0 when it cannot
 * @flags:        enum tenure_hello_flag
 * @arch:         ELF e_machine
 * @start_stamp:  ticks at the beginning
 * @unix_ns:      CLOCK_REALTIME at that moment
 * @sample_bytes: mean distance of samples, 0: everything is recorded
 * @ns_per_tick:  a first estimate; image_end has a better one
 */
struct image_info {
	uint64_t image;
	uint32_t pid;
	uint32_t ppid;
	uint32_t flags;
	uint32_t arch;
	uint32_t page_size;
	uint32_t reserved;
	uint64_t start_stamp;
	uint64_t unix_ns;
	uint64_t sample_bytes;
	double ns_per_tick;
};

/* How a process image ended, as far as input/ can tell. */
enum image_how {
	IMAGE_UNKNOWN,	 /* it is gone; nobody could say how */
	IMAGE_EXITED,	 /* .status is the exit status */
	IMAGE_SIGNALLED, /* .status is the signal */
	IMAGE_EXEC,	 /* the process goes on as another program */
	IMAGE_RUNNING,	 /* it was still alive when reading stopped */
	IMAGE_CUT,	 /* the capture file ends before the image did */
};

/**
 * struct image_end - what is known of a process image when it has ended
 * @end_stamp:      ticks when the end was noticed
 * @ns_per_tick:    measured over the life of the analyzer
 * @stream_bytes:   bytes of chunks
 * @bad_bytes:      of these, bytes that could not be decoded
 * @missing_chunks: chunks whose numbers were left out
 * @forced:         times events were passed on before their order was certain
 * @shared:         the header page as it was last seen
 * @nodes:          stack nodes by id; checked: parents are smaller than ids, unknown ones NONE
 * @nodes_count:    ids are below this
 *
 * Borrowed; valid during the call.
 */
struct image_end {
	enum image_how how;
	int status;
	uint64_t end_stamp;
	double ns_per_tick;
	uint64_t stream_bytes;
	uint64_t bad_bytes;
	uint64_t missing_chunks;
	uint64_t forced;
	const struct tenure_shared *shared;
	const struct tenure_node *nodes;
	size_t nodes_count;
};

/**
 * struct image_look - what came of a look into a process that stood still
 * @moment: enum tenure_moment
 * @stamp:  with TENURE_MOMENT_MARK: of the mark
 * @why:    it could not look; NULL: it could, and
 * @bytes:  @count of them, is what input_ops.scan has written
 */
struct image_look {
	uint32_t moment;
	uint64_t stamp;
	const char *why;
	const uint8_t *bytes;
	size_t count;
};

/**
 * struct input_ops - who listens
 * @image_begun: a process image comes up.  Return: what the other calls get as
 *               @image; NULL: it is not wanted (the process runs unrecorded)
 * @events:      in order over all threads of the image, but for rare inversions
 * @memory:      the resident set was sampled
 * @image_ended: the last call for this image
 * @run:         a capture holds a CAPTURE_RUN packet; may be NULL
 * @scan:        the process stands still and can be read; all events up to now have
 *               been passed on.  Called in a fork of the analyzer, whose memory is lost
 *               afterwards: what was found is written to target->result
 * @looked:      that has been tried, or could not be
 */
struct input_ops {
	void *(*image_begun)(void *arg, const struct image_info *info);
	void (*events)(void *image, const struct event *events, size_t count);
	void (*memory)(void *image, uint64_t stamp, uint64_t rss_bytes);
	void (*image_ended)(void *image, const struct image_end *end);
	void (*run)(void *arg, const uint8_t *payload, size_t bytes);
	void (*scan)(void *image, const struct target *target);
	void (*looked)(void *image, const struct image_look *look);
};

#endif /* INPUT_IMAGE_H */
