/* SPDX-License-Identifier: Apache-2.0 */
/* Strings by number. */
#include <string.h>

#include "base/intern.h"

int intern_add(struct intern *strings, const char *text, size_t count, uint32_t *ret_id)
{
	uint64_t hash = hash_bytes(text, count);
	uint32_t id = (uint32_t)strings->strings.count;
	const char *copy;
	int r;

	HASHMAP_EACH(&strings->map, hash, index)
	{
		const char *have = strings->strings.at[index];

		if (strncmp(have, text, count) == 0 && !have[count]) {
			*ret_id = index;
			return 0;
		}
	}

	copy = arena_string(&strings->arena, text, count);
	if (!copy)
		return -ENOMEM;
	r = vec_push(&strings->strings, copy);
	if (r < 0)
		return r;
	r = hashmap_add(&strings->map, hash, id);
	if (r < 0) {
		strings->strings.count--;
		return r;
	}
	*ret_id = id;
	return 0;
}

void intern_fini(struct intern *strings)
{
	vec_fini(&strings->strings);
	hashmap_fini(&strings->map);
	arena_fini(&strings->arena);
}
