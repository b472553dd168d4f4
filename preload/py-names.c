/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names to numbers, by a hash of the text: 64 bits, which are taken for the
 * text itself.
 */
#include "py-names.h"

#include <string.h>

#include "py-code.h"
#include "py-state.h"
#include "py-table.h"
#include "record.h"
#include "tenure/wire-python.h"

#define NAMES_MAX  (1u << 18)
#define TEXT_MAX   200u
#define CACHE_SIZE 1024u

/* Attribute names are the same few str objects again and again. */
struct cached {
	const void *str;
	uint32_t id;
};

static struct py_table known; /* hash of the text to number */
static uint32_t next_id = 1;
static struct cached cache[CACHE_SIZE];

static uint64_t hash_of(const uint8_t *text, size_t bytes)
{
	uint64_t hash = 0xcbf29ce484222325ull ^ bytes;

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ text[i]) * 0x100000001b3ull;
	hash ^= hash >> 32;
	/* The table's own hash drops the low bits, and 0 and 1 are not keys. */
	return (hash * 0x9e3779b97f4a7c15ull) | 1u << 4;
}

static uint32_t number_of(struct thread *thread, const uint8_t *text, size_t bytes)
{
	uint64_t hash = hash_of(text, bytes);
	const struct py_slot *slot = py_table_find(&known, (const void *)(uintptr_t)hash);

	if (slot)
		return slot->id;
	if (next_id >= NAMES_MAX ||
	    !py_table_put(&known, (const void *)(uintptr_t)hash, next_id, 0))
		return 0;
	record_ext(thread, TENURE_PY_NAME, &next_id, sizeof(next_id), text, bytes);
	return next_id++;
}

uint32_t py_names_str(struct thread *thread, const void *str)
{
	struct cached *cached = &cache[((uintptr_t)str >> 4) % CACHE_SIZE];
	uint8_t text[TEXT_MAX];

	if (cached->str == str)
		return cached->id;
	if ((size_t)py_field(str, PY_STR_LENGTH) > TEXT_MAX / 4)
		return 0;
	cached->id = number_of(thread, text, py_code_utf8(str, text, sizeof(text)));
	cached->str = str;
	return cached->id;
}

uint32_t py_names_text(struct thread *thread, const char *text)
{
	size_t bytes = strlen(text);

	return bytes <= TEXT_MAX ? number_of(thread, (const void *)text, bytes) : 0;
}

void py_names_begin(void)
{
	memset(cache, 0, sizeof(cache));
}

void py_names_reset(void)
{
	py_table_reset(&known);
	next_id = 1;
	py_names_begin();
}
