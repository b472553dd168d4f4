/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A capture file.  The first byte chooses: the bytes are a file as it is, or
 * the packets of one frame, which is packed here (a fuzzer does not find its
 * way through a compressor).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "fuzz.h"
#include "input/capture-file.h"
#include "input/capture.h"

static void write_all(int fd, const void *bytes, size_t count)
{
	if (write(fd, bytes, count) != (ssize_t)count)
		abort();
}

static void write_frame(int fd, const uint8_t *data, size_t size)
{
	const struct capture_header header = {
		.magic = CAPTURE_MAGIC,
		.version = CAPTURE_VERSION,
		.wire_version = TENURE_WIRE_VERSION,
	};
	size_t bound = ZSTD_compressBound(size);
	void *packed = malloc(bound);
	size_t bytes;
	struct capture_frame frame = { .magic = CAPTURE_FRAME_MAGIC, .bytes = (uint32_t)size };

	if (!packed)
		abort();
	bytes = ZSTD_compress(packed, bound, data, size, 1);
	frame.packed = (uint32_t)bytes;
	write_all(fd, &header, sizeof(header));
	write_all(fd, &frame, sizeof(frame));
	write_all(fd, packed, bytes);
	free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct capture_outcome outcome;
	char path[64];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0)
		abort();
	if (size && data[0] & 1)
		write_frame(fd, data + 1, size - 1);
	else if (size)
		write_all(fd, data + 1, size - 1);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	(void)!capture_replay(path, &fuzz_ops, NULL, &outcome);
	(void)close(fd);
	return 0;
}
