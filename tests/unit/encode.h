/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second encoder of the wire format, written from its description and not
 * from the shim's: so the decoder's tests do not share the shim's mistakes.
 */
#ifndef TESTS_UNIT_ENCODE_H
#define TESTS_UNIT_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"
#include "tenure/wire.h"

/** struct encode - a chunk being filled; @used counts its head */
struct encode {
	uint8_t bytes[TENURE_CHUNK_MAX + 64];
	size_t used;
	uint64_t stamp;
	uint64_t addr;
	uint32_t stack;
	uint64_t recent[64];
};

static inline void encode_begin(struct encode *e, uint16_t slot, uint32_t seq, uint64_t stamp)
{
	const struct tenure_chunk head = {
		.magic = TENURE_CHUNK_MAGIC,
		.slot = slot,
		.seq = seq,
		.tid = 1000u + slot,
		.stamp = stamp,
	};

	memcpy(e->bytes, &head, sizeof(head));
	e->used = sizeof(head);
	e->stamp = stamp;
	e->addr = 0;
	e->stack = 0;
	memset(e->recent, 0, sizeof(e->recent));
}

/** encode_end() - fill in the length.  Return: it */
static inline size_t encode_end(struct encode *e)
{
	uint16_t bytes = (uint16_t)e->used;

	memcpy(e->bytes + offsetof(struct tenure_chunk, bytes), &bytes, sizeof(bytes));
	return e->used;
}

static inline bool encode_has_room(const struct encode *e, size_t bytes)
{
	return e->used + bytes <= TENURE_CHUNK_MAX;
}

static inline unsigned int encode_length(uint64_t value)
{
	unsigned int n = 0;

	for (; value; value >>= 8)
		n++;
	return n;
}

static inline void encode_put(struct encode *e, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		e->bytes[e->used++] = (uint8_t)(value >> 8 * i);
}

static inline uint64_t encode_zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

/* Address field and the bits of the head that belong to it. */
static inline uint64_t encode_addr_field(const struct encode *e, uint64_t addr, unsigned int *head,
					 unsigned int *bytes)
{
	uint64_t field = encode_zigzag((int64_t)((addr >> 4) - (e->addr >> 4)));

	if (addr & 15) {
		field = encode_zigzag((int64_t)(addr - e->addr));
		*head |= TENURE_HEAD_FINE;
	}
	*bytes = encode_length(field);
	if (!*bytes)
		*bytes = 1;
	*head |= TENURE_HEAD_ADDR(*bytes);
	return field;
}

static inline unsigned int encode_place(uint64_t addr)
{
	return (unsigned int)(addr / 32 % 64);
}

static inline unsigned int encode_at_least_1(unsigned int n)
{
	return n ? n : 1;
}

/** encode_alloc() - @stamp not before the last, less than 2^56 after it */
static inline void encode_alloc(struct encode *e, uint64_t stamp, uint64_t addr, uint64_t size,
				uint32_t stack, unsigned int fn)
{
	uint64_t stack_field = encode_zigzag((int32_t)(stack - e->stack)) & 0xffffffffu;
	unsigned int stamp_bytes = encode_length(stamp - e->stamp);
	unsigned int size_bytes = encode_at_least_1(encode_length(size));
	unsigned int stack_bytes = encode_at_least_1(encode_length(stack_field));
	unsigned int head = TENURE_KIND_ALLOC;
	unsigned int addr_bytes;
	uint64_t addr_field = encode_addr_field(e, addr, &head, &addr_bytes);

	head |= TENURE_HEAD_STAMP(stamp_bytes) | TENURE_HEAD_SIZE(size_bytes) |
		TENURE_HEAD_STACK(stack_bytes) |
		TENURE_HEAD_FN(fn < TENURE_HEAD_FN_BYTE ? fn : TENURE_HEAD_FN_BYTE);
	encode_put(e, head, 2);
	encode_put(e, stamp - e->stamp, stamp_bytes);
	encode_put(e, addr_field, addr_bytes);
	encode_put(e, size, size_bytes);
	encode_put(e, stack_field, stack_bytes);
	if (fn >= TENURE_HEAD_FN_BYTE)
		encode_put(e, fn, 1);
	e->stamp = stamp;
	e->addr = addr;
	e->stack = stack;
	e->recent[encode_place(addr)] = addr;
}

/**
 * encode_free() - @flags: TENURE_HEAD_REALLOC, TENURE_HEAD_CUSTOM
 *
 * At every other stamp the long form, though the block is a recent one.
 */
static inline void encode_free(struct encode *e, uint64_t stamp, uint64_t addr, unsigned int flags)
{
	unsigned int stamp_bytes = encode_length(stamp - e->stamp);
	unsigned int place = encode_place(addr);
	bool recent = addr && e->recent[place] == addr && !(stamp & 1);
	unsigned int head = (recent ? 2u | place << 10 : 1u) | flags;
	unsigned int addr_bytes = 0;
	uint64_t addr_field = recent ? 0 : encode_addr_field(e, addr, &head, &addr_bytes);

	encode_put(e, head | TENURE_HEAD_STAMP(stamp_bytes), 2);
	encode_put(e, stamp - e->stamp, stamp_bytes);
	encode_put(e, addr_field, addr_bytes);
	e->stamp = stamp;
	e->addr = addr;
}

static inline void encode_ext(struct encode *e, uint64_t stamp, unsigned int type,
			      const void *payload, size_t bytes)
{
	encode_put(e, TENURE_HEAD_EXT(type), 2);
	encode_put(e, bytes, 2);
	encode_put(e, stamp, 8);
	if (bytes)
		memcpy(e->bytes + e->used, payload, bytes);
	e->used += bytes;
	e->stamp = stamp;
}

/* A fixed sequence of numbers that look random. */
static inline uint64_t encode_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

#endif /* TESTS_UNIT_ENCODE_H */
