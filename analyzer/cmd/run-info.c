/* SPDX-License-Identifier: Apache-2.0 */
/* Encodes and decodes the payload of CAPTURE_RUN. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#include "run-info.h"

#define RUN_HAS_STATUS	  1u
#define RUN_HAS_HASH_SEED 2u

/* Little-endian like the rest of the file; then cwd, host, maybe the seed, argv; each ends with
 * NUL. */
struct run_head {
	uint64_t start_unix_ns;
	uint64_t duration_ns;
	uint32_t pid;
	int32_t status;
	uint32_t flags;
	uint32_t strings;
};

void run_info_encode(const struct run_info *info, struct strbuf *out)
{
	struct run_head head = {
		.start_unix_ns = info->start_unix_ns,
		.duration_ns = info->duration_ns,
		.pid = info->pid,
		.status = info->status,
		.flags = (info->has_status ? RUN_HAS_STATUS : 0) | RUN_HAS_HASH_SEED,
		.strings = 3,
	};

	while (info->argv[head.strings - 3])
		head.strings++;

	strbuf_add(out, &head, sizeof(head));
	strbuf_add(out, info->cwd, strlen(info->cwd) + 1);
	strbuf_add(out, info->host, strlen(info->host) + 1);
	strbuf_add(out, info->hash_seed, strlen(info->hash_seed) + 1);
	for (size_t i = 0; info->argv[i]; i++)
		strbuf_add(out, info->argv[i], strlen(info->argv[i]) + 1);
}

int run_info_decode(const uint8_t *bytes, size_t count, struct run_info *ret_info)
{
	struct run_head head;
	const char **strings;
	size_t text_bytes, fixed;
	char *text;

	if (count < sizeof(head))
		return -EBADMSG;
	memcpy(&head, bytes, sizeof(head));
	text_bytes = count - sizeof(head);
	/* Each string takes a byte at least, so this bounds what is allocated. */
	fixed = head.flags & RUN_HAS_HASH_SEED ? 3 : 2;
	if (head.strings < fixed || head.strings > text_bytes || bytes[count - 1] != '\0')
		return -EBADMSG;

	strings = calloc(1, (head.strings + 1) * sizeof(*strings) + text_bytes);
	if (!strings)
		return -ENOMEM;
	text = (char *)(strings + head.strings + 1);
	memcpy(text, bytes + sizeof(head), text_bytes);

	for (size_t i = 0, at = 0; i < head.strings; i++) {
		if (at >= text_bytes) {
			free(strings);
			return -EBADMSG;
		}
		strings[i] = text + at;
		at += strlen(text + at) + 1;
	}

	*ret_info = (struct run_info){
		.argv = strings + fixed,
		.cwd = strings[0],
		.host = strings[1],
		.hash_seed = fixed > 2 ? strings[2] : "",
		.start_unix_ns = head.start_unix_ns,
		.duration_ns = head.duration_ns,
		.pid = head.pid,
		.status = head.status,
		.has_status = (head.flags & RUN_HAS_STATUS) != 0,
		.owned = strings,
	};
	return 0;
}

void run_info_fini(struct run_info *info)
{
	free(info->owned);
	info->owned = NULL;
}
