/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded reading of DWARF's encodings.
 *
 * A struct leb_in never reads at or behind its end: it delivers zeros and
 * remembers that it did.
 */
#ifndef PRELOAD_LEB_H
#define PRELOAD_LEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct leb_in - a place in a table
 * @at:    next byte
 * @end:   first byte that may not be read
 * @bad: something was missing; everything read since is 0
 */
struct leb_in {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};

/** leb_fixed() - @bytes bytes, little-endian, zero-extended */
static inline uint64_t leb_fixed(struct leb_in *in, size_t bytes)
{
	uint64_t value = 0;

	if (in->at > in->end || (size_t)(in->end - in->at) < bytes) {
		in->bad = true;
		in->at = in->end;
		return 0;
	}
	__builtin_memcpy(&value, in->at, bytes);
	in->at += bytes;
	return value;
}

/** leb_unsigned() - an unsigned LEB128 number */
static inline uint64_t leb_unsigned(struct leb_in *in)
{
	uint64_t value = 0;

	for (unsigned int shift = 0;; shift += 7) {
		uint64_t byte = leb_fixed(in, 1);

		if (shift < 64)
			value |= (byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
}

/** leb_signed() - a signed LEB128 number */
static inline int64_t leb_signed(struct leb_in *in)
{
	uint64_t value = 0;

	for (unsigned int shift = 0;; shift += 7) {
		uint64_t byte = leb_fixed(in, 1);

		if (shift < 64)
			value |= (byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			if ((byte & 0x40) && shift + 7 < 64)
				value |= ~0ull << (shift + 7);
			return (int64_t)value;
		}
	}
}

/** leb_skip() - pass over @bytes bytes */
static inline void leb_skip(struct leb_in *in, uint64_t bytes)
{
	if (bytes > (uint64_t)(in->end - in->at)) {
		in->bad = true;
		in->at = in->end;
	} else {
		in->at += bytes;
	}
}

#endif /* PRELOAD_LEB_H */
