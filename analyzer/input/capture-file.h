/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layout of a capture file: a header, then frames.  See docs/wire-format.md.
 */
#ifndef INPUT_CAPTURE_FILE_H
#define INPUT_CAPTURE_FILE_H

#include <stdint.h>

#define CAPTURE_MAGIC	"TENURE\r\n"
#define CAPTURE_VERSION 1u

/* Packets are gathered to frames of about this size. */
#define CAPTURE_FRAME_BYTES (1u << 18)
/* No writer makes larger frames, so that a reader's memory is bounded. */
#define CAPTURE_FRAME_MAX (1u << 24)
/* Bytes that are readable behind the payload of a packet. */
#define CAPTURE_PADDING 64u

/**
 * struct capture_header - first bytes of the file
 * @version:      CAPTURE_VERSION
 * @wire_version: TENURE_WIRE_VERSION of the chunks inside
 */
struct capture_header {
	char magic[8];
	uint32_t version;
	uint32_t wire_version;
};

/**
 * struct capture_frame - before each frame
 * @packed: bytes of the zstd frame that follows
 * @bytes:  of the packets it holds
 */
struct capture_frame {
	uint32_t magic; /* CAPTURE_FRAME_MAGIC */
	uint32_t packed;
	uint32_t bytes;
	uint32_t reserved;
};

#define CAPTURE_FRAME_MAGIC 0x4d415246u /* "FRAM" */

/**
 * struct capture_head - before each packet
 * @bytes: of the payload
 */
struct capture_head {
	uint32_t type;
	uint32_t bytes;
	uint64_t image;
};

#endif /* INPUT_CAPTURE_FILE_H */
