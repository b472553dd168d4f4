/* SPDX-License-Identifier: Apache-2.0 */
/* The list of loaded objects over time. */
#include <errno.h>
#include <string.h>

#include "modules.h"

#define MODULES_MAX  65536u
#define ID_BYTES_MAX 64u

void modules_fini(struct modules *modules)
{
	vec_fini(&modules->all);
}

static const char *hex(struct arena *arena, const uint8_t *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";
	char *text = arena_alloc(arena, 2 * count + 1);

	for (size_t i = 0; text && i < count; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return text;
}

int modules_add(struct modules *modules, struct arena *arena, const uint8_t *payload, size_t bytes)
{
	struct tenure_module head;
	struct result_module module;
	const uint8_t *id = payload + sizeof(head);
	size_t path_bytes;

	if (bytes < sizeof(head))
		return -EBADMSG;
	memcpy(&head, payload, sizeof(head));
	bytes -= sizeof(head);
	if (head.id_bytes > bytes || head.id_bytes > ID_BYTES_MAX || head.start > head.end)
		return -EBADMSG;
	/* A path may have been cut to fit a chunk. */
	path_bytes = bytes - head.id_bytes;
	if (path_bytes > head.path_bytes)
		path_bytes = head.path_bytes;

	module = (struct result_module){
		.bias = head.bias,
		.start = head.start,
		.end = head.end,
		.generation = head.generation,
		.build_id = hex(arena, id, head.id_bytes),
		.path = arena_string(arena, id + head.id_bytes, path_bytes),
	};
	if (!module.build_id || !module.path)
		return -ENOMEM;
	for (size_t i = 0; i < modules->all.count; i++) {
		const struct result_module *old = &modules->all.at[i];

		if (!old->gone && old->bias == module.bias && old->start == module.start &&
		    strcmp(old->path, module.path) == 0)
			return 0;
	}
	return modules->all.count < MODULES_MAX ? vec_push(&modules->all, module) : -ENOMEM;
}

int modules_gone(struct modules *modules, const uint8_t *payload, size_t bytes)
{
	uint64_t bias;
	uint32_t generation;

	if (bytes < sizeof(bias) + sizeof(generation))
		return -EBADMSG;
	memcpy(&bias, payload, sizeof(bias));
	memcpy(&generation, payload + sizeof(bias), sizeof(generation));
	for (size_t i = 0; i < modules->all.count; i++)
		if (modules->all.at[i].bias == bias && !modules->all.at[i].gone)
			modules->all.at[i].gone = generation;
	return 0;
}
