/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a pipe, in pieces: framing, decoding, merging, modelling. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "input/reader.h"
#include "input/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct image_info info = { .image = 1, .ns_per_tick = 1.0, .page_size = 4096 };
	struct stream_end end = { .how = IMAGE_UNKNOWN };
	struct stream *stream;
	struct reader reader;
	size_t piece = size ? 1 + data[0] * 16u : 1;

	if (reader_init(&reader) < 0)
		return 0;
	if (stream_new(&info, &fuzz_ops, NULL, NULL, &stream) < 0 || !stream)
		abort();
	for (size_t at = size ? 1 : 0; at < size;) {
		struct tenure_chunk head;
		const uint8_t *chunk;
		size_t space;
		uint8_t *to = reader_space(&reader, &space);
		size_t count = size - at < piece ? size - at : piece;

		if (count > space)
			count = space;
		memcpy(to, data + at, count);
		reader_give(&reader, count);
		at += count;
		while ((chunk = reader_next(&reader, &head))) {
			stream_chunk(stream, &head, sizeof(head), chunk + sizeof(head),
				     head.bytes - (uint32_t)sizeof(head));
			stream_sync(stream, head.stamp, head.seq & 1);
		}
	}
	reader_end(&reader);
	end.bad_bytes = reader.bad_bytes;
	stream_end(stream, &end, NULL);
	stream_free(stream);
	reader_fini(&reader);
	return 0;
}
