/* SPDX-License-Identifier: Apache-2.0 */
/* Protocol buffers, as much as a profile needs: varints and nested messages. */
#ifndef EXPORT_PROTO_H
#define EXPORT_PROTO_H

#include <stdint.h>

#include "base/strbuf.h"

static inline void proto_varint(struct strbuf *out, uint64_t value)
{
	while (value >= 0x80) {
		strbuf_addc(out, (char)(value | 0x80));
		value >>= 7;
	}
	strbuf_addc(out, (char)value);
}

/** proto_uint() - an integer field; 0 is what an absent one means, so it is left out */
static inline void proto_uint(struct strbuf *out, unsigned int field, uint64_t value)
{
	if (!value)
		return;
	proto_varint(out, field << 3);
	proto_varint(out, value);
}

/** proto_bytes() - a string, packed list or message that is there even when empty */
static inline void proto_bytes(struct strbuf *out, unsigned int field, const void *bytes,
			       size_t count)
{
	proto_varint(out, field << 3 | 2);
	proto_varint(out, count);
	if (count)
		strbuf_add(out, bytes, count);
}

/** proto_message() - @inner as a field of @out; empties @inner */
static inline void proto_message(struct strbuf *out, unsigned int field, struct strbuf *inner)
{
	proto_bytes(out, field, inner->at, inner->count);
	out->failed |= inner->failed;
	strbuf_clear(inner);
}

#endif /* EXPORT_PROTO_H */
