/* SPDX-License-Identifier: Apache-2.0 */
/* The file to packets; trusts nothing. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/vec.h"
#include "capture-file.h"
#include "capture.h"

struct capture_reader {
	int fd;
	uint64_t offset; /* behind the last whole frame that was read */
	ZSTD_DCtx *zstd;
	VEC(uint8_t) frame;
	VEC(uint8_t) packed;
	size_t at; /* within the frame */
};

/* Return: bytes read, less than @count only at the end of the file, or a negative errno. */
static ssize_t read_all(int fd, void *bytes, size_t count)
{
	uint8_t *p = bytes;
	size_t got = 0;

	while (got < count) {
		ssize_t n = read(fd, p + got, count - got);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return neg_errno();
		}
		if (!n)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

static int read_header(int fd)
{
	struct capture_header header;
	ssize_t n = read_all(fd, &header, sizeof(header));

	if (n < 0)
		return (int)n;
	if ((size_t)n < sizeof(header) ||
	    memcmp(header.magic, CAPTURE_MAGIC, sizeof(header.magic)) != 0)
		return -EBADMSG;
	if (header.version != CAPTURE_VERSION || header.wire_version != TENURE_WIRE_VERSION)
		return -EPROTONOSUPPORT;
	return 0;
}

bool capture_is_capture(const char *path)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -1 : read_header(fd);

	return err == 0 || err == -EPROTONOSUPPORT;
}

struct capture_reader *capture_reader_free(struct capture_reader *reader)
{
	if (!reader)
		return NULL;
	if (reader->fd >= 0)
		(void)close(reader->fd);
	ZSTD_freeDCtx(reader->zstd);
	vec_fini(&reader->frame);
	vec_fini(&reader->packed);
	free(reader);
	return NULL;
}

int capture_open(const char *path, struct capture_reader **ret_reader)
{
	struct capture_reader *reader = calloc(1, sizeof(*reader));
	int err;

	if (!reader)
		return -ENOMEM;
	reader->fd = open(path, O_RDONLY | O_CLOEXEC);
	err = reader->fd < 0 ? neg_errno() : read_header(reader->fd);
	if (!err) {
		reader->zstd = ZSTD_createDCtx();
		err = reader->zstd ? 0 : -ENOMEM;
	}
	if (err) {
		capture_reader_free(reader);
		return err;
	}
	reader->offset = sizeof(struct capture_header);
	*ret_reader = reader;
	return 0;
}

/* Return: 1, 0 at the end of the file, or a negative errno. */
static int read_frame(struct capture_reader *reader)
{
	struct capture_frame head;
	ssize_t n = read_all(reader->fd, &head, sizeof(head));
	size_t bytes;
	int err;

	if (n <= 0)
		return (int)n;
	if ((size_t)n < sizeof(head) || head.magic != CAPTURE_FRAME_MAGIC ||
	    head.bytes > CAPTURE_FRAME_MAX || head.packed > ZSTD_COMPRESSBOUND(CAPTURE_FRAME_MAX))
		return -EBADMSG;

	vec_clear(&reader->frame);
	err = vec_reserve(&reader->packed, head.packed);
	if (!err)
		err = vec_reserve(&reader->frame, head.bytes + CAPTURE_PADDING);
	if (err)
		return err;

	n = read_all(reader->fd, reader->packed.at, head.packed);
	if (n < 0)
		return (int)n;
	if ((size_t)n < head.packed)
		return -EBADMSG;
	bytes = ZSTD_decompressDCtx(reader->zstd, reader->frame.at, head.bytes, reader->packed.at,
				    head.packed);
	if (ZSTD_isError(bytes) || bytes != head.bytes)
		return -EBADMSG;

	memset(reader->frame.at + bytes, 0, CAPTURE_PADDING);
	reader->frame.count = bytes;
	reader->at = 0;
	reader->offset += sizeof(head) + head.packed;
	return 1;
}

uint64_t capture_offset(const struct capture_reader *reader)
{
	return reader->offset;
}

int capture_next(struct capture_reader *reader, struct capture_packet *ret_packet)
{
	struct capture_head head;

	while (reader->at == reader->frame.count) {
		int got = read_frame(reader);

		if (got <= 0)
			return got;
	}
	if (reader->frame.count - reader->at < sizeof(head))
		return -EBADMSG;
	memcpy(&head, reader->frame.at + reader->at, sizeof(head));
	if (head.bytes > reader->frame.count - reader->at - sizeof(head))
		return -EBADMSG;
	*ret_packet = (struct capture_packet){
		.image = head.image,
		.type = head.type,
		.bytes = head.bytes,
		.payload = reader->frame.at + reader->at + sizeof(head),
	};
	reader->at += sizeof(head) + head.bytes;
	return 1;
}
