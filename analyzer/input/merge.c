/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A binary heap over the slots that have events.  From the slot with the
 * earliest event a whole run is taken, up to the earliest event of the other
 * slots; a slot that is alone is passed on without a copy.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "merge.h"

/* Bytes of a chunk from @from on, waiting. */
struct merge_fragment {
	struct merge_fragment *next;
	struct tenure_chunk head;
	uint32_t from;
	uint32_t count;
	uint32_t at; /* decoded up to here */
	uint8_t bytes[];
};

/*
 * @seq, @known, @whole: what was taken; the decoder may be behind
 * @events[@at..@count): decoded and not passed on
 */
struct merge_slot {
	uint32_t seq;
	uint32_t known;
	bool whole;
	bool is_active;
	struct merge_slot *next_active;
	struct merge_fragment *first;
	struct merge_fragment *last;
	struct decode decode;
	uint32_t at;
	uint32_t count;
	struct event events[MERGE_BATCH];
};

int merge_init(struct merge *merge,
	       void (*emit)(void *arg, const struct event *events, size_t count), void *arg)
{
	*merge = (struct merge){ .emit = emit, .arg = arg };
	merge->batch = malloc(MERGE_BATCH * sizeof(*merge->batch));
	return merge->batch ? 0 : -ENOMEM;
}

static void free_fragments(struct merge_fragment **list)
{
	while (*list) {
		struct merge_fragment *next = (*list)->next;

		free(*list);
		*list = next;
	}
}

void merge_fini(struct merge *merge)
{
	for (size_t i = 0; i < merge->slots_count; i++) {
		if (merge->slots[i])
			free_fragments(&merge->slots[i]->first);
		free(merge->slots[i]);
	}
	free_fragments(&merge->spent);
	free(merge->slots);
	free(merge->heap);
	free(merge->batch);
	*merge = (struct merge){ 0 };
}

static struct merge_slot *find_slot(const struct merge *merge, unsigned int slot)
{
	return slot < merge->slots_count ? merge->slots[slot] : NULL;
}

/* Return: NULL when memory has run out. */
static struct merge_slot *make_slot(struct merge *merge, unsigned int slot)
{
	struct merge_slot *made;

	if (slot >= merge->slots_count) {
		size_t count = ALIGN_UP((size_t)slot + 1, 64u);
		struct merge_slot **slots = realloc(merge->slots, count * sizeof(*slots));

		if (!slots)
			return NULL;
		memset(slots + merge->slots_count, 0,
		       (count - merge->slots_count) * sizeof(*slots));
		merge->slots = slots;
		merge->slots_count = count;
	}
	if (merge->slots[slot])
		return merge->slots[slot];

	/* The heap never has to grow while events are passed on. */
	if (merge->heap_space < merge->slots_count) {
		struct merge_head *heap =
			realloc(merge->heap, merge->slots_count * sizeof(*merge->heap));

		if (!heap)
			return NULL;
		merge->heap = heap;
		merge->heap_space = merge->slots_count;
	}
	made = malloc(sizeof(*made));
	if (!made)
		return NULL;
	memset(made, 0, offsetof(struct merge_slot, events));
	merge->slots[slot] = made;
	return made;
}

uint32_t merge_known(const struct merge *merge, unsigned int slot, uint32_t seq)
{
	const struct merge_slot *found = find_slot(merge, slot);

	if (!found || seq > found->seq)
		return 0;
	if (seq < found->seq || found->whole)
		return UINT32_MAX;
	return found->known;
}

/* Keep the account of chunk numbers. */
static void note_chunk(struct merge *merge, struct merge_slot *slot,
		       const struct tenure_chunk *head, uint32_t known)
{
	if (head->seq != slot->seq) {
		merge->missing_chunks += head->seq - slot->seq - 1;
		/* The rest of one of which only a part was seen. */
		if (slot->seq && !slot->whole)
			merge->missing_chunks++;
	}
	slot->seq = head->seq;
	slot->known = known;
	slot->whole = head->bytes && known >= head->bytes;
}

int merge_take(struct merge *merge, const struct tenure_chunk *head, uint32_t from,
	       const uint8_t *bytes, uint32_t count)
{
	struct merge_slot *slot = make_slot(merge, head->slot);
	struct merge_fragment *fragment = NULL;

	if (slot) {
		note_chunk(merge, slot, head, from + count);
		if (!count)
			return 0;
		fragment = malloc(sizeof(*fragment) + count + DECODE_PADDING);
	}
	if (!fragment) {
		merge->missing_chunks++;
		return -ENOMEM;
	}

	*fragment = (struct merge_fragment){ .head = *head, .from = from, .count = count };
	memcpy(fragment->bytes, bytes, count);
	memset(fragment->bytes + count, 0, DECODE_PADDING);
	if (slot->first)
		slot->last->next = fragment;
	else
		slot->first = fragment;
	slot->last = fragment;
	merge->queued_bytes += count;

	if (!slot->is_active) {
		slot->is_active = true;
		slot->next_active = merge->active;
		merge->active = slot;
	}
	return 0;
}

static void flush(struct merge *merge)
{
	if (merge->batch_count)
		merge->emit(merge->arg, merge->batch, merge->batch_count);
	merge->batch_count = 0;
	free_fragments(&merge->spent);
}

/* All events of the first fragment have been passed on, perhaps only to the batch. */
static void pop_fragment(struct merge *merge, struct merge_slot *slot)
{
	struct merge_fragment *fragment = slot->first;

	merge->queued_bytes -= fragment->count;
	slot->first = fragment->next;
	fragment->next = merge->spent;
	merge->spent = fragment;
}

/* Decode the next events of @slot.  Return: false when it has no more. */
static bool refill(struct merge *merge, struct merge_slot *slot)
{
	struct merge_fragment *fragment;

	while (slot->at == slot->count) {
		size_t events = 0;

		fragment = slot->first;
		if (!fragment)
			return false;
		if (fragment->at == fragment->count) {
			pop_fragment(merge, slot);
			continue;
		}
		if (fragment->at == 0 && fragment->from == sizeof(struct tenure_chunk))
			decode_begin(&slot->decode, &fragment->head);
		fragment->at += (uint32_t)decode_feed(&slot->decode, fragment->bytes + fragment->at,
						      fragment->count - fragment->at, slot->events,
						      MERGE_BATCH, &events);
		if (slot->decode.bad) {
			merge->bad_bytes += fragment->count - fragment->at;
			fragment->at = fragment->count;
		}
		slot->at = 0;
		slot->count = (uint32_t)events;
	}
	return true;
}

static bool is_earlier(const struct merge_head *a, const struct merge_head *b)
{
	if (a->stamp != b->stamp)
		return a->stamp < b->stamp;
	return a->slot->decode.slot < b->slot->decode.slot;
}

/* Put @head where the first one was, or at place @i with room below it. */
static void sift_down(struct merge *merge, size_t i, struct merge_head head)
{
	struct merge_head *heap = merge->heap;
	size_t count = merge->heap_count;
	size_t child;

	while ((child = 2 * i + 1) < count) {
		if (child + 1 < count && is_earlier(&heap[child + 1], &heap[child]))
			child++;
		if (!is_earlier(&heap[child], &head))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = head;
}

static void build_heap(struct merge *merge)
{
	struct merge_slot **link = &merge->active;

	merge->heap_count = 0;
	while (*link) {
		struct merge_slot *slot = *link;

		if (refill(merge, slot)) {
			merge->heap[merge->heap_count++] =
				(struct merge_head){ slot->events[slot->at].stamp, slot };
			link = &slot->next_active;
		} else {
			slot->is_active = false;
			*link = slot->next_active;
		}
	}
	for (size_t i = merge->heap_count / 2; i-- > 0;)
		sift_down(merge, i, merge->heap[i]);
}

/* The events of @slot up to @limit.  Return: false when it has no more at all. */
static bool emit_run(struct merge *merge, struct merge_slot *slot, uint64_t limit, bool alone)
{
	do {
		uint32_t end = slot->at;

		while (end < slot->count && slot->events[end].stamp <= limit)
			end++;
		if (end == slot->at)
			return true;

		if (alone) {
			flush(merge);
			merge->emit(merge->arg, slot->events + slot->at, end - slot->at);
			slot->at = end;
			continue;
		}
		while (slot->at < end) {
			size_t count = MERGE_BATCH - merge->batch_count;

			if (count > end - slot->at)
				count = end - slot->at;
			memcpy(merge->batch + merge->batch_count, slot->events + slot->at,
			       count * sizeof(*merge->batch));
			merge->batch_count += count;
			slot->at += (uint32_t)count;
			if (merge->batch_count == MERGE_BATCH)
				flush(merge);
		}
	} while (refill(merge, slot));
	return false;
}

/* The earliest event of all slots but the first, or the watermark. */
static uint64_t run_limit(const struct merge *merge, uint64_t watermark)
{
	uint64_t limit = watermark;

	for (size_t child = 1; child <= 2 && child < merge->heap_count; child++)
		if (merge->heap[child].stamp < limit)
			limit = merge->heap[child].stamp;
	return limit;
}

void merge_advance(struct merge *merge, uint64_t watermark)
{
	build_heap(merge);
	while (merge->heap_count && merge->heap[0].stamp <= watermark) {
		struct merge_slot *slot = merge->heap[0].slot;
		uint64_t limit = run_limit(merge, watermark);

		if (emit_run(merge, slot, limit, merge->heap_count == 1))
			sift_down(merge, 0,
				  (struct merge_head){ slot->events[slot->at].stamp, slot });
		else {
			merge->heap_count--;
			if (merge->heap_count)
				sift_down(merge, 0, merge->heap[merge->heap_count]);
		}
	}
	flush(merge);
}
