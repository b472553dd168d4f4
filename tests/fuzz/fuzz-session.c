/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of one chunk after the other, without their heads: so the
 * fuzzer need not find out about magic numbers and lengths.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "input/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct image_info info = {
		.image = 1,
		.flags = size ? data[0] & 1 : 0,
		.ns_per_tick = 0.5,
		.page_size = 4096,
	};
	const struct tenure_shared shared = { .folded = 1, .off = 1 };
	const struct stream_end end = { .how = IMAGE_EXITED, .ns_per_tick = 0.4 };
	uint32_t seqs[4] = { 0 };
	struct stream *stream;

	if (stream_new(&info, &fuzz_ops, NULL, NULL, &stream) < 0 || !stream)
		abort();
	/* A byte says how long the next chunk is, and whose. */
	for (size_t at = 0; at < size;) {
		uint8_t byte = data[at++];
		uint32_t count = (byte >> 2) * 8u;
		struct tenure_chunk head = {
			.magic = TENURE_CHUNK_MAGIC,
			.slot = byte & 3,
			.seq = ++seqs[byte & 3],
			.stamp = at,
		};

		if (count > size - at)
			count = (uint32_t)(size - at);
		head.bytes = (uint16_t)(sizeof(head) + count);
		stream_chunk(stream, &head, sizeof(head), data + at, count);
		at += count;
		if (byte & 4)
			stream_sync(stream, at, false);
		if (byte & 8)
			stream_memory(stream, at, byte);
	}
	stream_end(stream, &end, &shared);
	stream_free(stream);
	return 0;
}
