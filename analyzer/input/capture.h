/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream of all process images in a file (.tnr), and back.
 *
 * A capture holds what a server took from pipes and shared memory, in the
 * order it took it, before any interpretation; so a report made from it
 * equals the live one.  Frames of packets, each frame compressed by itself: a
 * file that was cut is good up to the last whole frame.  docs/wire-format.md.
 */
#ifndef INPUT_CAPTURE_H
#define INPUT_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "image.h"

struct capture_writer;
struct capture_reader;

/**
 * enum capture_packet_type - what a packet holds
 */
enum capture_packet_type {
	CAPTURE_BEGIN = 1,  /* struct image_info */
	CAPTURE_CHUNK = 2,  /* struct tenure_chunk, u32 offset, bytes of the chunk from there */
	CAPTURE_SYNC = 3,   /* u64 stamp, u64 1 when forced */
	CAPTURE_MEMORY = 4, /* u64 stamp, u64 resident bytes */
	CAPTURE_NODES = 5,  /* u32 first id, u32 0, nodes */
	CAPTURE_END = 6,    /* struct stream_end, struct tenure_shared */
	CAPTURE_RUN = 7,    /* image 0; what the runner knows, in its own words */
	CAPTURE_MARK = 8,   /* u64 stamp, u32 enum tenure_mark_kind, name: made from outside */
	CAPTURE_LOOK = 9,   /* struct capture_look, then why not, or what was found */
};

/** struct capture_look - head of CAPTURE_LOOK; see struct image_look */
struct capture_look {
	uint32_t moment;
	uint32_t failed;
	uint64_t stamp;
};

/**
 * struct capture_packet - one of them, borrowed until the next call
 * @image: number of the process image
 */
struct capture_packet {
	uint64_t image;
	uint32_t type;
	uint32_t bytes;
	const uint8_t *payload;
};

/** capture_create() - a new file at @path, replaced if it exists.  0 or a negative errno */
attr_nodiscard int capture_create(const char *path, struct capture_writer **ret_writer);

/**
 * capture_close() - write what is left, close the file, free @writer
 *
 * Return: 0, or the first error that happened while writing; NULL is fine.
 */
int capture_close(struct capture_writer *writer);

/**
 * capture_write() - append a packet made of two parts
 *
 * Errors stick and are returned by capture_close().
 */
void capture_write(struct capture_writer *writer, uint64_t image, uint32_t type, const void *head,
		   size_t head_bytes, const void *tail, size_t tail_bytes);

/**
 * capture_open() - an existing file
 *
 * Return: 0 or a negative errno: -EBADMSG when it is no capture,
 * -EPROTONOSUPPORT when it is of another version.
 */
attr_nodiscard int capture_open(const char *path, struct capture_reader **ret_reader);

struct capture_reader *capture_reader_free(struct capture_reader *reader);

/**
 * capture_next() - the next packet
 *
 * Return: 1 with *@ret_packet, 0 at the end, -EBADMSG where the file is cut
 * or damaged (what came before is good), or another negative errno.
 */
attr_nodiscard int capture_next(struct capture_reader *reader, struct capture_packet *ret_packet);

/** capture_offset() - bytes of the file that are behind the frames read so far */
uint64_t capture_offset(const struct capture_reader *reader);

/** capture_is_capture() - does the file at @path begin like a capture? */
bool capture_is_capture(const char *path);

/**
 * struct capture_outcome - how a replay went
 * @images: process images seen
 * @cut:    the file ends early or is damaged; images under way ended as IMAGE_CUT
 * @offset: in the file, up to which it could be read
 */
struct capture_outcome {
	uint64_t images;
	bool cut;
	uint64_t offset;
};

/**
 * capture_replay() - feed the whole file to @ops
 *
 * Return: 0 (also when the file is cut, see @ret_outcome) or a negative errno
 * as capture_open().
 */
attr_nodiscard int capture_replay(const char *path, const struct input_ops *ops, void *arg,
				  struct capture_outcome *ret_outcome);

#endif /* INPUT_CAPTURE_H */
