/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared table of stack nodes.
 *
 * The nodes lie in the memfd, contiguous in our address space: the whole
 * range is reserved at once and the memfd is mapped over it batch by batch.
 *
 * The index is a row of hash tables, each twice as large as the one before.
 * New entries go to the newest table only.  Nothing is ever moved by force:
 * a lookup that fails in the newest table searches the older ones, and copies
 * what it finds to the newest.  Two threads cannot disagree about which table
 * is newest, because a search for a new key seals the end of its probe
 * sequence in every older table it passes; a thread that still inserts there
 * meets the seal and goes on to the newer table.
 *
 * An entry is 24 bits of id under 8 bits of hash, so that a foreign entry is
 * recognised without touching its node.
 */
#include "nodes.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "pages.h"
#include "shared.h"
#include "sys.h"

enum {
	FIRST_BITS = 12, /* 16 KiB */
	LEVELS_MAX = 14, /* 2^25 entries: half full with every node there can be */
	ID_BITS = 24,
};

#define SEALED	    0xffffffffu
#define ID_MASK	    ((1u << ID_BITS) - 1)
#define IDS_MAX	    (TENURE_NODES_MAX - 2) /* ID_MASK itself would look like SEALED */
#define NODES_BYTES (sizeof(struct tenure_node) * TENURE_NODES_MAX)
#define BATCH_BYTES (sizeof(struct tenure_node) * TENURE_NODE_BATCH)

/**
 * struct level - one table of the index
 * @entry: 1 << @bits of them; 0 empty, SEALED, or tag and id
 * @limit: number of nodes at which the next level is made
 */
struct level {
	uint32_t *entry;
	uint32_t bits;
	uint32_t limit;
};

/**
 * struct key - what a lookup carries along
 * @hash: top bits choose the place, low 8 bits are the tag
 */
struct key {
	uint64_t hash;
	uint64_t word;
	uint32_t parent;
	uint32_t aux;
};

static struct level levels[LEVELS_MAX];
static uint32_t newest;	 /* index into levels; release when a level is made */
static uint32_t ids_max; /* lower than IDS_MAX once the index could not grow */
static uint64_t batches[TENURE_NODES_MAX / TENURE_NODE_BATCH / 64]; /* bit: mapped */

struct tenure_node *nodes_base_;

static uint64_t hash_of(uint32_t parent, uint64_t word)
{
	uint64_t h = (word ^ (uint64_t)parent << 29) * 0x9e3779b97f4a7c15ull;

	h ^= h >> 32;
	return h * 0xd6e8feb86659fd93ull;
}

static bool is_node(uint32_t id, const struct key *key)
{
	const struct tenure_node *node = &nodes_base_[id];

	return node->parent == key->parent &&
	       __atomic_load_n(&node->word, __ATOMIC_RELAXED) == key->word;
}

/*
 * Searches one level.  Returns the id; or 0, with *ret_place the empty or
 * sealed place where the search ended.  Else *ret_place is left alone.
 */
static uint32_t level_find(const struct level *level, const struct key *key, uint32_t **ret_place)
{
	uint32_t mask = (1u << level->bits) - 1;
	uint32_t i = (uint32_t)(key->hash >> (64 - level->bits));
	uint32_t tag = (uint32_t)key->hash << ID_BITS;

	for (;; i = (i + 1) & mask) {
		/* Acquire: pairs with the release in level_put(), for the node's fields. */
		uint32_t entry = __atomic_load_n(&level->entry[i], __ATOMIC_ACQUIRE);

		if (entry == 0 || entry == SEALED) {
			*ret_place = &level->entry[i];
			return 0;
		}
		if (((entry ^ tag) & ~ID_MASK) == 0 && is_node(entry & ID_MASK, key))
			return entry & ID_MASK;
	}
}

/* As level_find(), but nothing can be inserted behind the place it returns. */
static uint32_t level_find_seal(const struct level *level, const struct key *key)
{
	for (;;) {
		uint32_t *place;
		uint32_t id = level_find(level, key, &place);
		uint32_t empty = 0;

		if (id || __atomic_load_n(place, __ATOMIC_RELAXED) == SEALED)
			return id;
		if (__atomic_compare_exchange_n(place, &empty, SEALED, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return 0;
	}
}

static bool level_make(uint32_t index)
{
	uint32_t bits = FIRST_BITS + index;
	uint32_t *entry;
	uint32_t *none = NULL;

	if (index >= LEVELS_MAX)
		return false;
	if (!__atomic_load_n(&levels[index].entry, __ATOMIC_ACQUIRE)) {
		entry = pages_map(sizeof(*entry) << bits, 0);
		if (!entry)
			return false;
		/* Same values from every thread that gets here. */
		__atomic_store_n(&levels[index].bits, bits, __ATOMIC_RELAXED);
		__atomic_store_n(&levels[index].limit, 1u << (bits - 1), __ATOMIC_RELAXED);
		/* Release: whoever sees the entries sees the two fields above. */
		if (!__atomic_compare_exchange_n(&levels[index].entry, &none, entry, false,
						 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			pages_unmap(entry, sizeof(*entry) << bits);
	}
	if (index > 0) {
		uint32_t before = index - 1;

		/* Release: pairs with the acquire in nodes_intern(). */
		(void)__atomic_compare_exchange_n(&newest, &before, index, false, __ATOMIC_ACQ_REL,
						  __ATOMIC_RELAXED);
	}
	return true;
}

static bool batch_is_mapped(uint32_t batch)
{
	return __atomic_load_n(&batches[batch / 64], __ATOMIC_ACQUIRE) >> (batch % 64) & 1;
}

/* Two threads may map the same batch; the second mapping replaces the first by the same memory. */
static bool batch_map(uint32_t batch)
{
	if (!shared_map(nodes_base_ + (size_t)batch * TENURE_NODE_BATCH,
			TENURE_SHARED_NODES_OFFSET + (uint64_t)batch * BATCH_BYTES, BATCH_BYTES))
		return false;

	/* Release: pairs with batch_is_mapped(). */
	__atomic_fetch_or(&batches[batch / 64], 1ull << (batch % 64), __ATOMIC_RELEASE);
	return true;
}

/* Returns a new id whose place may be written, or 0. */
static uint32_t id_claim(void)
{
	uint32_t last = __atomic_load_n(&shared->nodes, __ATOMIC_RELAXED);

	do {
		if (last >= ids_max)
			return 0;
		if (!batch_is_mapped((last + 1) / TENURE_NODE_BATCH) &&
		    !batch_map((last + 1) / TENURE_NODE_BATCH))
			return 0;
	} while (!__atomic_compare_exchange_n(&shared->nodes, &last, last + 1, true,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return last + 1;
}

static uint32_t node_write(const struct key *key)
{
	uint32_t id = id_claim();
	struct tenure_node *node = &nodes_base_[id];

	if (!id)
		return 0;

	node->parent = key->parent;
	node->aux = key->aux;
	/* Release: for the analyzer, which takes a word that is not 0 as a whole node. */
	__atomic_store_n(&node->word, key->word, __ATOMIC_RELEASE);
	return id;
}

/* Puts @id where a search of @level ended; returns false when there is no room to. */
static bool level_put(uint32_t *place, uint32_t id, const struct key *key)
{
	uint32_t empty = 0;

	/* Release: pairs with the acquire in level_find(). */
	return __atomic_compare_exchange_n(place, &empty, (uint32_t)key->hash << ID_BITS | id,
					   false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

static uint32_t fold(const struct key *key)
{
	__atomic_fetch_add(&shared->folded, 1, __ATOMIC_RELAXED);
	return key->parent;
}

/* The newest level does not have it: look at the older ones, then insert. */
static attr_noinline uint32_t intern_slow(const struct key *key)
{
	uint32_t made = 0;

	for (;;) {
		uint32_t top = __atomic_load_n(&newest, __ATOMIC_ACQUIRE);
		uint32_t *place = NULL; /* where the search ended, unless it found */
		uint32_t id = level_find(&levels[top], key, &place);

		if (!id && __atomic_load_n(place, __ATOMIC_RELAXED) == SEALED)
			continue; /* a newer level is there */

		for (uint32_t older = top; !id && older-- > 0;)
			id = level_find_seal(&levels[older], key);

		if (id) {
			if (made && made != id) /* lost a race: the place stays unused */
				__atomic_store_n(&nodes_base_[made].word, 0, __ATOMIC_RELAXED);
			if (place) /* only an older level had it */
				(void)level_put(place, id, key);
			return id;
		}

		if (!made)
			made = node_write(key);
		if (!made)
			return fold(key);

		if (level_put(place, made, key)) {
			/* Without memory the table goes on filling, up to seven eighths. */
			if (made >= levels[top].limit && !level_make(top + 1))
				ids_max = made < levels[top].limit / 4 * 7 ? ids_max : made;
			return made;
		}
	}
}

uint32_t nodes_intern(uint32_t parent, uint64_t word, uint32_t aux)
{
	const struct key key = {
		.hash = hash_of(parent, word),
		.word = word,
		.parent = parent,
		.aux = aux,
	};
	uint32_t *place;
	/* Acquire: pairs with the release in level_make(). */
	uint32_t id = level_find(&levels[__atomic_load_n(&newest, __ATOMIC_ACQUIRE)], &key, &place);

	return likely(id) ? id : intern_slow(&key);
}

/*
 * How many bytes of nodes to reserve: all there can be, unless address space
 * is limited and the program needs it more.
 */
static size_t reservation(void)
{
	uint64_t limit[2] = { UINT64_MAX, UINT64_MAX };
	size_t share;

	if (SYS_CALL4(SYS_prlimit64, 0, RLIMIT_AS, 0, limit) < 0 || limit[0] >= NODES_BYTES * 64)
		return NODES_BYTES;
	share = ALIGN_DOWN((size_t)limit[0] / 16, BATCH_BYTES);
	return share < BATCH_BYTES ? BATCH_BYTES : share < NODES_BYTES ? share : NODES_BYTES;
}

int nodes_init(void)
{
	size_t bytes = reservation();
	long base;

	/* What a parent left: its index.  Its nodes are not inherited. */
	for (uint32_t i = 0; i < LEVELS_MAX; i++) {
		pages_unmap(levels[i].entry, sizeof(*levels[i].entry) << levels[i].bits);
		levels[i] = (struct level){ 0 };
	}
	for (size_t i = 0; i < ARRAY_SIZE(batches); i++)
		batches[i] = 0;
	newest = 0;
	ids_max = (uint32_t)(bytes / sizeof(struct tenure_node)) - 1;
	if (ids_max > IDS_MAX)
		ids_max = IDS_MAX;

	base = sys_mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base < 0 && base > -4096)
		return (int)base;

	/* Else a child could find its own mappings where it believes the reservation. */
	(void)sys_madvise((void *)base, bytes, MADV_DONTFORK);
	nodes_base_ = (struct tenure_node *)base;

	if (!batch_map(0) || !level_make(0))
		return -ENOMEM;
	return 0;
}
