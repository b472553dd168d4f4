/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder.  Fields are loaded as eight bytes and masked, which is why
 * there must be some readable bytes behind the last record; whether a record
 * is whole is decided from its head, before any field is looked at.
 */
#include <string.h>

#include "base/attr.h"
#include "decode.h"

/* The low n bytes of a word. */
static const uint64_t masks[] = {
	0,
	0xff,
	0xffff,
	0xffffff,
	0xffffffff,
	0xffffffffff,
	0xffffffffffff,
	0xffffffffffffff,
	0xffffffffffffffff,
};

static inline uint64_t load(const uint8_t *p, unsigned int count)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word & masks[count];
}

static inline uint16_t load16(const uint8_t *p)
{
	uint16_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static inline uint64_t unzigzag(uint64_t value)
{
	return value >> 1 ^ -(value & 1);
}

/* The address field, which ALLOC and FREE have in common. */
static inline uint64_t decode_addr(uint64_t last, unsigned int head, uint64_t field)
{
	uint64_t way = unzigzag(field);

	return head & TENURE_HEAD_FINE ? last + way : ((last >> 4) + way) << 4;
}

/* Return: length of the record, 0 when it is not whole. */
static inline size_t decode_alloc(struct decode_last *last, uint64_t recent[], unsigned int head,
				  const uint8_t *p, size_t count, struct event *event)
{
	unsigned int stamp_bytes = head >> 2 & 7;
	unsigned int addr_bytes = (head >> 5 & 7) + 1;
	unsigned int size_bytes = (head >> 8 & 7) + 1;
	unsigned int stack_bytes = (head >> 11 & 3) + 1;
	unsigned int fn = head >> 13 & 3;
	size_t need = 2 + stamp_bytes + addr_bytes + size_bytes + stack_bytes;

	if (unlikely(need + (fn == TENURE_HEAD_FN_BYTE) > count))
		return 0;

	p += 2;
	last->stamp += load(p, stamp_bytes);
	p += stamp_bytes;
	last->addr = decode_addr(last->addr, head, load(p, addr_bytes));
	recent[TENURE_RECENT_PLACE(last->addr)] = last->addr;
	p += addr_bytes;
	event->bytes = load(p, size_bytes);
	p += size_bytes;
	last->stack += (uint32_t)unzigzag(load(p, stack_bytes));
	p += stack_bytes;
	if (fn == TENURE_HEAD_FN_BYTE) {
		fn = *p;
		need++;
	}

	event->stamp = last->stamp;
	event->addr = last->addr;
	event->stack = last->stack;
	event->kind = EVENT_ALLOC;
	event->fn = (uint8_t)fn;
	return need;
}

/* What FREE and RECENT have in common. */
static inline void set_free(const struct decode_last *last, unsigned int head, struct event *event)
{
	event->stamp = last->stamp;
	event->addr = last->addr;
	event->bytes = 0;
	event->stack = 0;
	event->kind = EVENT_FREE;
	event->fn = head >> 8 & (EVENT_FREE_REALLOC | EVENT_FREE_CUSTOM);
}

static inline size_t decode_free(struct decode_last *last, unsigned int head, const uint8_t *p,
				 size_t count, struct event *event)
{
	unsigned int stamp_bytes = head >> 2 & 7;
	unsigned int addr_bytes = (head >> 5 & 7) + 1;
	size_t need = 2 + stamp_bytes + addr_bytes;

	if (unlikely(need > count))
		return 0;

	p += 2;
	last->stamp += load(p, stamp_bytes);
	last->addr = decode_addr(last->addr, head, load(p + stamp_bytes, addr_bytes));
	set_free(last, head, event);
	return need;
}

static inline size_t decode_recent(struct decode_last *last, const uint64_t recent[],
				   unsigned int head, const uint8_t *p, size_t count,
				   struct event *event)
{
	unsigned int stamp_bytes = head >> 2 & 7;
	uint64_t addr = recent[head >> 10];
	size_t need = 2 + stamp_bytes;

	if (unlikely(need > count || !addr))
		return 0;

	last->stamp += load(p + 2, stamp_bytes);
	last->addr = addr;
	set_free(last, head, event);
	return need;
}

static size_t decode_ext(struct decode_last *last, unsigned int head, const uint8_t *p,
			 size_t count, struct event *event)
{
	size_t bytes;

	if (count < TENURE_EXT_HEAD)
		return 0;
	bytes = load16(p + 2);
	if (bytes > count - TENURE_EXT_HEAD)
		return 0;

	last->stamp = load(p + 4, 8);
	event->stamp = last->stamp;
	event->payload = p + TENURE_EXT_HEAD;
	event->bytes = bytes;
	event->ext = head >> 2 & 0xff;
	event->kind = EVENT_EXT;
	event->fn = 0;
	return TENURE_EXT_HEAD + bytes;
}

void decode_begin(struct decode *decode, const struct tenure_chunk *head)
{
	*decode = (struct decode){ .last.stamp = head->stamp, .slot = head->slot };
}

size_t decode_feed(struct decode *decode, const uint8_t *bytes, size_t count, struct event *out,
		   size_t space, size_t *ret_events)
{
	struct decode_last last = decode->last; /* a copy, so that it can stay in registers */
	const uint8_t *p = bytes;
	size_t left = count;
	size_t events = 0;

	decode->bad = false;
	while (left && events < space) {
		struct event *event = &out[events];
		unsigned int head = load16(p);
		size_t used = 0;

		if (likely(left >= 2)) {
			switch (head & TENURE_KIND_MASK) {
			case TENURE_KIND_ALLOC:
				used = decode_alloc(&last, decode->recent, head, p, left, event);
				break;
			case TENURE_KIND_FREE:
				used = decode_free(&last, head, p, left, event);
				break;
			case TENURE_KIND_RECENT:
				used = decode_recent(&last, decode->recent, head, p, left, event);
				break;
			default:
				used = decode_ext(&last, head, p, left, event);
				break;
			}
		}
		if (unlikely(!used)) {
			decode->bad = true;
			break;
		}
		event->thread = decode->slot;
		p += used;
		left -= used;
		events++;
	}
	decode->last = last;
	*ret_events = events;
	return count - left;
}
