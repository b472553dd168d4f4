/* SPDX-License-Identifier: Apache-2.0 */
/* Packets to compressed frames to the file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/vec.h"
#include "capture-file.h"
#include "capture.h"

#define LEVEL 1

struct capture_writer {
	int fd;
	int err; /* the first one */
	ZSTD_CCtx *zstd;
	VEC(uint8_t) frame;
	VEC(uint8_t) packed;
};

static int write_all(int fd, const void *bytes, size_t count)
{
	const uint8_t *p = bytes;

	while (count) {
		ssize_t n = write(fd, p, count);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return neg_errno();
		}
		p += n;
		count -= (size_t)n;
	}
	return 0;
}

static struct capture_writer *writer_free(struct capture_writer *writer)
{
	if (writer->fd >= 0)
		(void)close(writer->fd);
	ZSTD_freeCCtx(writer->zstd);
	vec_fini(&writer->frame);
	vec_fini(&writer->packed);
	free(writer);
	return NULL;
}

int capture_create(const char *path, struct capture_writer **ret_writer)
{
	const struct capture_header header = {
		.magic = CAPTURE_MAGIC,
		.version = CAPTURE_VERSION,
		.wire_version = TENURE_WIRE_VERSION,
	};
	struct capture_writer *writer = calloc(1, sizeof(*writer));
	int err = -ENOMEM;

	if (!writer)
		return -ENOMEM;
	writer->fd = -1;
	writer->zstd = ZSTD_createCCtx();
	if (!writer->zstd ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, LEVEL)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_checksumFlag, 1)))
		goto out;

	writer->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (writer->fd < 0) {
		err = neg_errno();
		goto out;
	}
	err = write_all(writer->fd, &header, sizeof(header));
	if (err)
		goto out;
	*ret_writer = writer;
	return 0;
out:
	writer_free(writer);
	return err;
}

static int write_frame(struct capture_writer *writer)
{
	struct capture_frame head = {
		.magic = CAPTURE_FRAME_MAGIC,
		.bytes = (uint32_t)writer->frame.count,
	};
	size_t bound = ZSTD_compressBound(writer->frame.count);
	size_t packed;
	int err;

	err = vec_reserve(&writer->packed, sizeof(head) + bound);
	if (err)
		return err;
	packed = ZSTD_compress2(writer->zstd, writer->packed.at + sizeof(head), bound,
				writer->frame.at, writer->frame.count);
	if (ZSTD_isError(packed))
		return -EIO;
	head.packed = (uint32_t)packed;
	memcpy(writer->packed.at, &head, sizeof(head));
	err = write_all(writer->fd, writer->packed.at, sizeof(head) + packed);
	if (err)
		return err;
	vec_clear(&writer->frame);
	return 0;
}

int capture_close(struct capture_writer *writer)
{
	int err;

	if (!writer)
		return 0;
	if (!writer->err && writer->frame.count)
		writer->err = write_frame(writer);
	if (close(take_fd(&writer->fd)) < 0 && !writer->err)
		writer->err = neg_errno();
	err = writer->err;
	writer_free(writer);
	return err;
}

static int append(struct capture_writer *writer, const struct capture_head *head, const void *first,
		  size_t first_bytes, const void *second)
{
	size_t need = writer->frame.count + sizeof(*head) + head->bytes;
	uint8_t *p;
	int err = vec_reserve(&writer->frame, need);

	if (err)
		return err;
	p = writer->frame.at + writer->frame.count;
	memcpy(p, head, sizeof(*head));
	p += sizeof(*head);
	if (first_bytes)
		memcpy(p, first, first_bytes);
	if (head->bytes > first_bytes)
		memcpy(p + first_bytes, second, head->bytes - first_bytes);
	writer->frame.count = need;
	return 0;
}

void capture_write(struct capture_writer *writer, uint64_t image, uint32_t type, const void *head,
		   size_t head_bytes, const void *tail, size_t tail_bytes)
{
	const struct capture_head packet = {
		.type = type,
		.bytes = (uint32_t)(head_bytes + tail_bytes),
		.image = image,
	};

	if (writer->err)
		return;
	if (head_bytes + tail_bytes > CAPTURE_FRAME_MAX - CAPTURE_FRAME_BYTES) {
		writer->err = -E2BIG;
		return;
	}
	writer->err = append(writer, &packet, head, head_bytes, tail);
	if (!writer->err && writer->frame.count >= CAPTURE_FRAME_BYTES)
		writer->err = write_frame(writer);
}
