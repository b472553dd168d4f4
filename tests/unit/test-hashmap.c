/* SPDX-License-Identifier: Apache-2.0 */
/* The index map against a plain array that is searched from end to end. */
#include <stdbool.h>
#include <stdlib.h>

#include "base/hashmap.h"
#include "test.h"

#define KEYS 2000u

static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* A poor hash on purpose: many keys share one. */
static uint64_t poor_hash(uint32_t key)
{
	return hash_u64(key / 3);
}

static bool has(const struct hashmap *map, uint32_t key)
{
	unsigned int found = 0;

	HASHMAP_EACH(map, poor_hash(key), index)
	found += index == key;
	CHECK(found <= 1);
	return found;
}

TEST(an_empty_map_finds_nothing)
{
	struct hashmap map = { 0 };

	CHECK(!has(&map, 7));
	hashmap_fini(&map);
}

TEST(adding_and_removing_at_random_equals_an_array)
{
	struct hashmap map = { 0 };
	bool *there = calloc(KEYS, sizeof(*there));
	uint64_t random = 1;
	size_t count = 0;

	CHECK(there);
	for (unsigned int i = 0; i < 40000; i++) {
		uint32_t key = (uint32_t)(next_random(&random) % KEYS);

		CHECK_EQ(has(&map, key), there[key]);
		if (there[key]) {
			hashmap_remove(&map, poor_hash(key), key);
			count--;
		} else {
			CHECK_EQ(hashmap_add(&map, poor_hash(key), key), 0);
			count++;
		}
		there[key] = !there[key];
		CHECK_EQ(map.count, count);
	}
	for (uint32_t key = 0; key < KEYS; key++)
		CHECK_EQ(has(&map, key), there[key]);
	hashmap_fini(&map);
	free(there);
}

TEST(hashes_of_bytes_depend_on_each_byte_and_on_the_length)
{
	char text[20] = "abcdefghijklmnopqr";
	uint64_t hash = hash_bytes(text, 18);

	for (size_t i = 0; i < 18; i++) {
		text[i] ^= 1;
		CHECK(hash_bytes(text, 18) != hash);
		text[i] ^= 1;
		CHECK(hash_bytes(text, i) != hash);
	}
	CHECK_EQ(hash_bytes(text, 18), hash);
}
