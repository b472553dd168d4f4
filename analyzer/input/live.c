/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order of events while a process runs.
 *
 * With one thread, chunks are passed on as they come.  With more, a moment W
 * is taken from the clock, then a barrier on all processors.  Now a thread
 * whose busy mark is clear has published every event stamped before W: in the
 * pipe, or in its slot up to pos.  Both are taken; what is stamped before the
 * earliest such moment of all threads can be put in order.
 *
 * The memory is shared with a process that may be going wrong: whatever is
 * read there is copied first and checked then.
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "live.h"
#include "ticks.h"

#define SYNC_BYTES (256u * 1024)
#define SYNC_TRIES 64
#define PAGE_BYTES 4096u
/* Without barrier: a store is visible to all processors long before this many ticks have passed. */
#define SYNC_SLACK 100000u
/* Clocks of two processors differ by less, as do reading one and what is around it in the code. */
#define CLOCK_SLACK 1024u

static const struct tenure_shared *shared_page(const struct live *live)
{
	return (const struct tenure_shared *)(const void *)live->map;
}

static const struct tenure_slot *get_slot(const struct live *live, uint32_t slot)
{
	const void *at =
		live->map + TENURE_SHARED_SLOTS_OFFSET + (uint64_t)slot * TENURE_SLOT_BYTES;

	return at;
}

static uint32_t slots_count(const struct live *live)
{
	uint32_t slots = __atomic_load_n(&shared_page(live)->slots, __ATOMIC_ACQUIRE);

	return slots < TENURE_SLOTS_MAX ? slots : TENURE_SLOTS_MAX;
}

int live_init(struct live *live, struct stream *stream, int memfd, size_t queue_bytes)
{
	void *map;

	*live = (struct live){ .pipe.fd = -1, .queue_bytes = queue_bytes, .nodes_next = 1 };
	map = mmap(NULL, TENURE_SHARED_BYTES, PROT_READ, MAP_SHARED, memfd, 0);
	if (map == MAP_FAILED)
		return neg_errno();
	live->map = map;
	live->stream = stream;
	return 0;
}

static void close_pipe(struct live *live, struct live_pipe *pipe)
{
	reader_end(&pipe->reader);
	live->bad_bytes += pipe->reader.bad_bytes;
	reader_fini(&pipe->reader);
	if (pipe->fd >= 0)
		(void)close(take_fd(&pipe->fd));
}

void live_fini(struct live *live)
{
	for (unsigned int i = 0; i < live->old_count; i++)
		close_pipe(live, &live->old[i]);
	close_pipe(live, &live->pipe);
	if (live->map)
		(void)munmap((void *)(uintptr_t)live->map, TENURE_SHARED_BYTES);
	if (live->page)
		(void)munmap(live->page, PAGE_BYTES);
	free(live->idle);
	free(live->positions);
	stream_free(live->stream);
	*live = (struct live){ .pipe.fd = -1 };
}

/* One read(2).  Return: bytes read; 0: there is nothing now, or never again (.fd is -1 then). */
static size_t pull_bytes(struct live_pipe *pipe)
{
	size_t space;
	uint8_t *to;
	ssize_t n;

	if (pipe->fd < 0)
		return 0;
	to = reader_space(&pipe->reader, &space);
	do
		n = read(pipe->fd, to, space);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0) {
		(void)close(take_fd(&pipe->fd));
		return 0;
	}
	reader_give(&pipe->reader, (size_t)n);
	return (size_t)n;
}

static void parse(struct live *live, struct live_pipe *pipe)
{
	struct tenure_chunk head;
	const uint8_t *chunk;

	while ((chunk = reader_next(&pipe->reader, &head)))
		stream_chunk(live->stream, &head, sizeof(head), chunk + sizeof(head),
			     head.bytes - (uint32_t)sizeof(head));
}

static void drain_pipe(struct live *live, struct live_pipe *pipe)
{
	size_t bytes = 0;
	size_t n;

	while (bytes <= pipe->bytes && (n = pull_bytes(pipe))) {
		parse(live, pipe);
		bytes += n;
	}
}

/*
 * A thread's chunks are in order within a pipe, and those in an old one come
 * first: so it is emptied after the new one was read, before that is looked at.
 */
static void drain_old(struct live *live)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < live->old_count; i++) {
		drain_pipe(live, &live->old[i]);
		if (live->old[i].fd < 0)
			close_pipe(live, &live->old[i]);
		else
			live->old[kept++] = live->old[i];
	}
	live->old_count = kept;
}

static size_t pull(struct live *live)
{
	size_t bytes = pull_bytes(&live->pipe);

	if (unlikely(live->old_count))
		drain_old(live);
	parse(live, &live->pipe);
	return bytes;
}

/* Everything that was in the pipes when this was called. */
static void drain(struct live *live)
{
	size_t bytes = 0;
	size_t n;

	while (bytes <= live->pipe.bytes && (n = pull(live)))
		bytes += n;
}

/*
 * The slot's position.  Return: false while an event is under way that may be older than the last
 * barrier.
 */
static bool slot_position(const struct tenure_slot *slot, uint64_t *ret_position)
{
	uint64_t first = __atomic_load_n(&slot->pos, __ATOMIC_ACQUIRE);

	for (int i = 0; i < SYNC_TRIES; i++) {
		bool busy = __atomic_load_n(&slot->busy, __ATOMIC_ACQUIRE);
		uint64_t position = __atomic_load_n(&slot->pos, __ATOMIC_ACQUIRE);

		*ret_position = position;
		if (!busy || position != first)
			return true;
	}
	return false;
}

/*
 * The part of a slot's chunk up to @position, if not had already.
 * Return: false when the chunk has been flushed meanwhile.
 */
static bool take_tail(struct live *live, uint32_t index, uint64_t position)
{
	const struct tenure_slot *slot = get_slot(live, index);
	uint32_t seq = (uint32_t)(position >> 32);
	uint32_t fill = (uint32_t)position;
	uint8_t copy[TENURE_CHUNK_MAX];
	struct tenure_chunk head;

	if (!seq || fill < sizeof(head) || fill > sizeof(copy))
		return true;
	if (merge_known(&live->stream->merge, index, seq) >= fill)
		return true;

	memcpy(copy, slot->chunk, fill);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(&slot->pos, __ATOMIC_RELAXED) >> 32 != seq)
		return false;

	memcpy(&head, copy, sizeof(head));
	head.slot = (uint16_t)index;
	head.seq = seq;
	head.bytes = 0;
	stream_chunk(live->stream, &head, sizeof(head), copy + sizeof(head),
		     fill - (uint32_t)sizeof(head));
	return true;
}

/* As take_tail(); what has been flushed meanwhile is in the pipe. */
static bool take_slot(struct live *live, uint32_t index, uint64_t position)
{
	if (take_tail(live, index, position))
		return true;
	drain(live);
	return merge_known(&live->stream->merge, index, (uint32_t)(position >> 32)) >=
	       (uint32_t)position;
}

static int grow_slots(struct live *live, uint32_t count)
{
	uint64_t *idle;
	uint64_t *positions;

	if (count <= live->idle_count)
		return 0;
	idle = realloc(live->idle, count * sizeof(*idle));
	if (!idle)
		return -ENOMEM;
	live->idle = idle;
	positions = realloc(live->positions, count * sizeof(*positions));
	if (!positions)
		return -ENOMEM;
	live->positions = positions;

	/* A slot that was not there at the last watermark holds nothing older. */
	for (uint32_t i = live->idle_count; i < count; i++)
		idle[i] = live->synced;
	live->idle_count = count;
	return 0;
}

static uint64_t barrier(void)
{
	uint64_t now = ticks_now() - CLOCK_SLACK;

	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0) < 0)
		now -= SYNC_SLACK;
	return now;
}

/* Find a watermark and pass on what is before it. */
static void sync_threads(struct live *live)
{
	uint64_t now = barrier();
	uint32_t slots = slots_count(live);
	uint64_t oldest = now;

	live->synced_at = now;
	if (grow_slots(live, slots) < 0)
		return;
	for (uint32_t i = 0; i < slots; i++)
		if (!slot_position(get_slot(live, i), &live->positions[i]))
			live->positions[i] = UINT64_MAX;
	drain(live);
	for (uint32_t i = 0; i < slots; i++) {
		if (live->positions[i] != UINT64_MAX && take_slot(live, i, live->positions[i]))
			live->idle[i] = now;
		if (live->idle[i] < oldest)
			oldest = live->idle[i];
	}

	if (oldest > live->synced) {
		live->synced = oldest;
		stream_sync(live->stream, oldest, false);
	}
	if (live->stream->merge.queued_bytes > live->queue_bytes) {
		live->synced = now;
		stream_sync(live->stream, now, true);
	}
}

/* Nodes that are there and not yet in the capture. */
static void send_nodes(struct live *live, uint32_t end)
{
	const void *at = live->map + TENURE_SHARED_NODES_OFFSET;
	const struct tenure_node *nodes = at;
	struct tenure_node copy[4096];

	while (live->nodes_next < end) {
		uint32_t first = live->nodes_next;
		uint32_t count = end - first;

		if (count > ARRAY_SIZE(copy))
			count = ARRAY_SIZE(copy);
		memcpy(copy, nodes + first, count * sizeof(*copy));
		stream_nodes(live->stream, first, copy, count);
		live->nodes_next += count;
	}
}

static uint32_t nodes_end(const struct live *live)
{
	uint32_t nodes = __atomic_load_n(&shared_page(live)->nodes, __ATOMIC_ACQUIRE);

	return nodes < TENURE_NODES_MAX - 1 ? nodes + 1 : TENURE_NODES_MAX;
}

/* The first node that may have changed since it was sent: claimed and not written then. */
static void send_late_nodes(struct live *live)
{
	const struct stream *stream = live->stream;
	uint32_t end = stream->nodes_count;

	for (uint32_t i = 1; i < end; i++) {
		const void *at = live->map + TENURE_SHARED_NODES_OFFSET;
		const struct tenure_node *nodes = at;

		if (TENURE_NODE_KIND(stream->nodes[i].word) == TENURE_NODE_NONE &&
		    TENURE_NODE_KIND(nodes[i].word) != TENURE_NODE_NONE) {
			live->nodes_next = i;
			send_nodes(live, i + 1);
		}
	}
	live->nodes_next = end > 1 ? end : 1;
}

static void pass_on(struct live *live, bool quiet)
{
	const struct tenure_shared *shared = shared_page(live);
	bool multi = __atomic_load_n(&shared->multi, __ATOMIC_ACQUIRE);
	uint64_t queued = live->stream->merge.queued_bytes;

	if (!multi)
		stream_sync(live->stream, MERGE_ALL, false);
	else if (queued >= SYNC_BYTES || (quiet && queued))
		sync_threads(live);
	if (live->stream->capture)
		send_nodes(live, nodes_end(live));
}

int live_connect(struct live *live, int fd, size_t bytes)
{
	struct live_pipe pipe = { .fd = fd, .bytes = bytes };
	int err = reader_init(&pipe.reader);

	if (err)
		return err;
	drain(live);
	if (live->pipe.fd < 0) {
		close_pipe(live, &live->pipe);
	} else {
		if (live->old_count == LIVE_OLD_PIPES) {
			close_pipe(live, &live->old[0]);
			live->old_count--;
			memmove(live->old, live->old + 1, live->old_count * sizeof(*live->old));
		}
		live->old[live->old_count++] = live->pipe;
	}
	live->pipe = pipe;
	return 0;
}

enum live_state live_read(struct live *live)
{
	size_t bytes = 0;
	size_t n;

	while ((n = pull(live))) {
		bytes += n;
		if (bytes >= SYNC_BYTES * 2)
			break;
	}
	pass_on(live, false);
	if (live->pipe.fd < 0)
		return LIVE_CLOSED;
	if (n)
		return LIVE_MORE;
	return bytes ? LIVE_DRAINED : LIVE_IDLE;
}

void live_tick(struct live *live)
{
	if (live->old_count)
		(void)pull(live);
	pass_on(live, true);
}

static struct tenure_scan_area *own_area(const struct live *live)
{
	return (void *)((uint8_t *)live->page + TENURE_SHARED_SCAN_OFFSET);
}

void live_want_scan(struct live *live, int memfd, uint32_t flags, const char *mark)
{
	void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);

	if (page == MAP_FAILED)
		return;
	live->page = page;
	own_area(live)->flags = flags;
	if (mark)
		memcpy(own_area(live)->wanted, mark, strnlen(mark, TENURE_SCAN_NAME - 1));
	__atomic_store_n(&live->page->scan, TENURE_SCAN_WANTED, __ATOMIC_RELEASE);
}

bool live_wants_mark(const struct live *live, const char *name, size_t bytes)
{
	const struct tenure_scan_area *area = live_scan_area(live);
	size_t wanted = strnlen(area->wanted, TENURE_SCAN_NAME);

	return live->page && area->flags & TENURE_SCAN_MARKS &&
	       (!wanted || (wanted == bytes && memcmp(area->wanted, name, bytes) == 0));
}

void live_want_no_marks(struct live *live)
{
	__atomic_fetch_and(&own_area(live)->flags, ~(uint32_t)TENURE_SCAN_MARKS, __ATOMIC_RELAXED);
}

const struct tenure_shared *live_shared(const struct live *live)
{
	return shared_page(live);
}

const struct tenure_scan_area *live_scan_area(const struct live *live)
{
	const void *at = live->map + TENURE_SHARED_SCAN_OFFSET;

	return at;
}

static void take_all(struct live *live)
{
	drain(live);
	for (uint32_t i = 0, slots = slots_count(live); i < slots; i++)
		(void)take_slot(live, i,
				__atomic_load_n(&get_slot(live, i)->pos, __ATOMIC_ACQUIRE));
}

void live_settle(struct live *live)
{
	take_all(live);
	stream_sync(live->stream, MERGE_ALL, false);
}

bool live_is_busy(const struct live *live, uint32_t tid)
{
	for (uint32_t i = 0, slots = slots_count(live); i < slots; i++) {
		const struct tenure_slot *slot = get_slot(live, i);

		if (slot->tid != tid || __atomic_load_n(&slot->resting, __ATOMIC_ACQUIRE))
			continue;
		if (__atomic_load_n(&slot->busy, __ATOMIC_ACQUIRE) ||
		    __atomic_load_n(&slot->moving, __ATOMIC_ACQUIRE))
			return true;
	}
	return false;
}

void live_catch_up(struct live *live)
{
	if (__atomic_load_n(&shared_page(live)->multi, __ATOMIC_ACQUIRE)) {
		sync_threads(live);
		return;
	}
	live_settle(live);
}

const struct tenure_node *live_nodes(const struct live *live, uint32_t *ret_count)
{
	const void *at = live->map + TENURE_SHARED_NODES_OFFSET;

	*ret_count = nodes_end(live);
	return at;
}

void live_end_here(struct live *live, const struct stream_end *end)
{
	const struct tenure_shared shared = *shared_page(live);

	live->stream->capture = NULL;
	live->nodes_next = 1;
	send_nodes(live, nodes_end(live));
	stream_end(live->stream, end, &shared);
}

void live_end(struct live *live, const struct stream_end *end)
{
	const struct tenure_shared shared = *shared_page(live);
	struct stream_end how = *end;

	take_all(live);
	send_late_nodes(live);
	send_nodes(live, nodes_end(live));
	while (live->old_count)
		close_pipe(live, &live->old[--live->old_count]);
	close_pipe(live, &live->pipe);
	how.bad_bytes += live->bad_bytes;
	stream_end(live->stream, &how, &shared);
}
