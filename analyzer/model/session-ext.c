/* SPDX-License-Identifier: Apache-2.0 */
/* Extended records: each is checked for its length here, and nowhere else. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "state.h"
#include "tenure/wire-python.h"

#define MARKS_MAX      65536u
#define NOTES_MAX      64u
#define NAME_BYTES_MAX 256u

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

struct cursor {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static void take(struct cursor *cursor, void *to, size_t bytes)
{
	if (cursor->left < bytes) {
		cursor->bad = true;
		memset(to, 0, bytes);
		return;
	}
	memcpy(to, cursor->at, bytes);
	cursor->at += bytes;
	cursor->left -= bytes;
}

static uint32_t take_u32(struct cursor *cursor)
{
	uint32_t value;

	take(cursor, &value, sizeof(value));
	return value;
}

static uint64_t take_u64(struct cursor *cursor)
{
	uint64_t value;

	take(cursor, &value, sizeof(value));
	return value;
}

void session_note(struct session *session, const char *text, size_t bytes)
{
	const char *copy;

	if (session->notes.count >= NOTES_MAX)
		return;
	copy = arena_string(&session->arena, text, bytes);
	if (copy)
		(void)!vec_push(&session->notes, copy);
}

/* ------------------------------------------------------------------- maps */

static uint64_t whole_pages(const struct session *session, uint64_t bytes)
{
	uint64_t page = session->info.page_size;
	uint64_t sum;

	if (!page || page & (page - 1) || page > 1u << 30)
		page = 4096;
	return __builtin_add_overflow(bytes, page - 1, &sum) ? 0 : ALIGN_DOWN(sum, page);
}

static void note_mapped(struct session *session)
{
	timeline_mapped(&session->timeline, session->maps.sites.live_bytes);
}

/* A range that cannot be is the stream's fault, no memory is ours. */
static void check(struct session *session, int err)
{
	if (err == -ENOMEM)
		session->no_memory = true;
	else if (err < 0)
		session->result.trust.bad_bytes++;
}

static void ext_map(struct session *session, const struct event *event, struct cursor *cursor)
{
	struct maps_new range = { .stamp = event->stamp };

	range.start = take_u64(cursor);
	range.bytes = whole_pages(session, take_u64(cursor));
	(void)take_u32(cursor); /* protection */
	range.file = !(take_u32(cursor) & MAP_ANONYMOUS);
	range.stack = take_u32(cursor);
	if (cursor->bad)
		return;
	session->result.totals.maps++;
	check(session, maps_add(&session->maps, &range));
	note_mapped(session);
}

static void ext_unmap(struct session *session, struct cursor *cursor)
{
	uint64_t start = take_u64(cursor);
	uint64_t bytes = whole_pages(session, take_u64(cursor));

	if (cursor->bad)
		return;
	session->result.totals.unmaps++;
	check(session, maps_remove(&session->maps, start, bytes));
}

static void ext_remap(struct session *session, const struct event *event, struct cursor *cursor)
{
	struct maps_move move = { .stamp = event->stamp };

	move.old_start = take_u64(cursor);
	move.old_bytes = whole_pages(session, take_u64(cursor));
	move.new_start = take_u64(cursor);
	move.new_bytes = whole_pages(session, take_u64(cursor));
	move.stack = take_u32(cursor);
	move.keep = take_u32(cursor) & MREMAP_DONTUNMAP;
	if (cursor->bad)
		return;
	if (!move.old_bytes)
		move.keep = true;
	check(session, maps_move(&session->maps, &move));
	note_mapped(session);
}

/* -------------------------------------------------------------- the others */

static void ext_mark(struct session *session, const struct event *event, struct cursor *cursor)
{
	struct result_mark mark = {
		.stamp = event->stamp,
		.kind = take_u32(cursor),
		.heap_bytes = session->sites.live_bytes,
		.heap_blocks = session->sites.live_blocks,
		.allocations = session->result.totals.allocations,
	};

	size_t bytes = cursor->left < NAME_BYTES_MAX ? cursor->left : NAME_BYTES_MAX;
	char name[NAME_BYTES_MAX + 1];

	if (cursor->bad)
		return;
	memcpy(name, cursor->at, bytes);
	name[bytes] = '\0';
	if (mark.kind != TENURE_MARK_PHASE_END)
		check(session,
		      checkpoints_mark(&session->checkpoints, &session->sites, name, event->stamp));
	if (session->marks.count == MARKS_MAX) {
		static const char text[] = "there were more marks than are kept";

		session_note(session, text, sizeof(text));
	}
	if (session->marks.count > MARKS_MAX)
		return;
	mark.name = arena_string(&session->arena, name, bytes);
	if (!mark.name || vec_push(&session->marks, mark) < 0)
		session->no_memory = true;
}

static void ext_type(struct session *session, struct cursor *cursor)
{
	uint64_t addr = take_u64(cursor);
	struct sampling_weight weight;
	struct heap_block *block;
	uint32_t type;

	if (cursor->bad)
		return;
	/* The inner one, where a custom block lies at the beginning of its pool. */
	block = heap_look(&session->heap, (addr & HEAP_ADDR_MASK) | HEAP_CUSTOM);
	if (!block)
		block = heap_look(&session->heap, addr & HEAP_ADDR_MASK);
	if (!block)
		return;
	addr = block->key;
	weight = session_weight(session, block);
	type = types_name(&session->types, &session->arena, cursor->at, cursor->left);
	if (type == TYPES_NONE)
		return;
	if (block->typed)
		(void)types_remove(&session->types, addr, weight.bytes, weight.blocks,
				   session->sites.peak_number);
	block->typed = types_add(&session->types, addr, type, weight.bytes, weight.blocks,
				 session->sites.peak_number) == 0;
}

static void ext_thread(struct session *session, const struct event *event, struct cursor *cursor)
{
	uint32_t tid = take_u32(cursor);

	if (!cursor->bad)
		threads_named(&session->threads, &session->arena, event->thread, tid,
			      (const char *)cursor->at, cursor->left, event->stamp);
}

static void ext_recording(struct session *session, struct cursor *cursor)
{
	static const char text[] = "recording was off for a part of the run";

	session->late = true;
	if (take_u32(cursor) == 0 && !cursor->bad && !session->stopped) {
		session->stopped = true;
		session_note(session, text, sizeof(text));
	}
}

/* The first one counts: later ones come from images that share the slot's memory. */
static void ext_text(struct session *session, const struct cursor *cursor, const char **text)
{
	char *copy;

	if (*text || !cursor->left)
		return;
	/* Two NULs end a list, whatever was cut. */
	copy = arena_alloc(&session->arena, cursor->left + 2);
	if (copy)
		memcpy(copy, cursor->at, cursor->left);
	*text = copy;
}

static void ext_break(struct session *session, struct cursor *cursor)
{
	int64_t *total = &session->result.totals.break_bytes;
	int64_t change = (int64_t)take_u64(cursor);
	struct maps_range range = { .end = take_u64(cursor) };

	if (cursor->bad)
		return;
	if (__builtin_add_overflow(*total, change, total))
		*total = 0;
	for (size_t i = 0; i < session->breaks.count; i++)
		if (session->breaks.at[i].end > range.end)
			session->breaks.at[i].end = range.end;
	while (session->breaks.count &&
	       session->breaks.at[session->breaks.count - 1].start >= range.end)
		session->breaks.count--;
	if (change > 0 && (uint64_t)change < range.end && session->breaks.count < BREAKS_MAX) {
		range.start = range.end - (uint64_t)change;
		if (vec_push(&session->breaks, range) < 0)
			session->no_memory = true;
	}
}

static void ext_exit(struct session *session, struct cursor *cursor)
{
	session->exit_status = (int)take_u32(cursor);
	session->exit_seen = !cursor->bad;
}

/* The block's type, and that of those to come. */
static void ext_object(struct session *session, struct cursor *cursor)
{
	uint64_t addr = take_u64(cursor);
	uint32_t stack = take_u32(cursor);
	uint32_t type = take_u32(cursor);
	uint32_t site;
	struct sampling_weight weight;
	struct heap_block *block;
	bool at_peak;

	if (cursor->bad || type >= SITES_TYPES_MAX)
		return;
	site = sites_type(&session->sites, stack, TENURE_FN_PY_OBJ, type);
	if (site == SITES_NONE) {
		session->no_memory = true;
		return;
	}
	block = heap_look(&session->heap, addr & HEAP_ADDR_MASK);
	if (!block || block->site == site || session->sites.at[block->site].stack != stack ||
	    session->sites.at[block->site].fn != TENURE_FN_PY_OBJ)
		return;
	weight = session_weight(session, block);
	at_peak = heap_stamp(block) <= session_since(session, session->sites.peak_stamp);
	if (session->sampling.mean && sampling_moved(&session->sampling, block->site, site, &weight,
						     session->sites.peak_number, at_peak) < 0)
		session->no_memory = true;
	sites_move(&session->sites, block->site, site, weight.bytes, weight.blocks, at_peak);
	block->site = site;
}

static void ext_arena(struct session *session, struct cursor *cursor)
{
	uint64_t addr = take_u64(cursor);
	uint64_t bytes = take_u64(cursor);

	if (!cursor->bad && bytes <= HEAP_BYTES_MAX)
		check(session,
		      arenas_feed(&session->arenas, addr, bytes, session->sites.peak_number));
}

static void ext_python(struct session *session, const struct event *event)
{
	struct cursor cursor = { .at = event->payload, .left = event->bytes };
	struct tenure_py_gc gc;
	uint64_t moment;

	if (event->ext == TENURE_PY_OBJECT) {
		ext_object(session, &cursor);
		return;
	}
	if (event->ext == TENURE_PY_ARENA) {
		ext_arena(session, &cursor);
		return;
	}
	if (event->ext == TENURE_PY_CONTAINERS) {
		/* Of samples too few blocks are known. */
		if (!session->sampling.mean)
			check(session, containers_feed(&session->containers, event, &session->heap,
						       session->sites.live_bytes));
		return;
	}
	if (event->ext == TENURE_PY_LEAKS) {
		const struct python_native_memory memory = session_alive(session);

		check(session, python_end_leaks(&session->python_end, event, &memory));
		return;
	}
	if (event->ext == TENURE_PY_HELD) {
		check(session, python_native_feed(&session->python_end.native, event));
		return;
	}
	if (event->ext == TENURE_PY_RUNTIME_END) {
		check(session,
		      python_end_reached(&session->python_end, &session->sites, event->stamp));
		checkpoints_ended(&session->checkpoints);
		return;
	}
	check(session, python_feed(session->python, event));
	check(session, cycles_feed(session->cycles, event,
				   &(struct cycles_blocks){ &session->heap, &session->sites }));
	session->collecting = python_collecting(session->python);
	if (event->ext != TENURE_PY_GC_STOP)
		return;
	take(&cursor, &gc, sizeof(gc));
	if (cursor.bad)
		return;
	python_heap(session->python, session->sites.live_bytes, session->sites.live_blocks);

	/* What has lived through a collection is older now. */
	if (!session->epochs)
		session->young = session->old = 0;
	session->epochs = true;
	moment = session_since(session, event->stamp) << HEAP_MOMENT_SHIFT;
	if (python_has_generations(session->python)) {
		session->young = moment;
		if (gc.generation)
			session->old = moment;
	} else {
		session->old = session->young;
		session->young = moment;
	}
	if (gc.generation >= RESULT_GENERATIONS - 1 && !session->python_end.seen)
		check(session,
		      checkpoints_collection(&session->checkpoints, &session->sites, event->stamp));
}

void session_ext(struct session *session, const struct event *event)
{
	struct cursor cursor = { .at = event->payload, .left = event->bytes };

	if (event->ext >= TENURE_EXT_PYTHON) {
		ext_python(session, event);
		return;
	}

	switch ((enum tenure_ext)event->ext) {
	case TENURE_EXT_THREAD:
		ext_thread(session, event, &cursor);
		break;
	case TENURE_EXT_THREAD_END:
		threads_ended(&session->threads, event->thread, take_u32(&cursor), event->stamp);
		break;
	case TENURE_EXT_REALLOC_BACK:
		session_back(session, event, take_u64(&cursor));
		break;
	case TENURE_EXT_MAP:
		ext_map(session, event, &cursor);
		break;
	case TENURE_EXT_UNMAP:
		ext_unmap(session, &cursor);
		break;
	case TENURE_EXT_REMAP:
		ext_remap(session, event, &cursor);
		break;
	case TENURE_EXT_BREAK:
		ext_break(session, &cursor);
		break;
	case TENURE_EXT_MODULE:
		check(session,
		      modules_add(&session->modules, &session->arena, cursor.at, cursor.left));
		break;
	case TENURE_EXT_MODULE_GONE:
		check(session, modules_gone(&session->modules, cursor.at, cursor.left));
		break;
	case TENURE_EXT_MARK:
		ext_mark(session, event, &cursor);
		break;
	case TENURE_EXT_TYPE:
		ext_type(session, &cursor);
		break;
	case TENURE_EXT_RECORDING:
		ext_recording(session, &cursor);
		break;
	case TENURE_EXT_EXIT:
		ext_exit(session, &cursor);
		break;
	case TENURE_EXT_COMMAND:
		ext_text(session, &cursor, &session->result.command);
		break;
	case TENURE_EXT_EXE:
		ext_text(session, &cursor, &session->result.exe);
		break;
	case TENURE_EXT_NOTE:
		session_note(session, (const char *)cursor.at, cursor.left);
		break;
	case TENURE_EXT_CLOCK:	/* the server measures the rate itself */
	case TENURE_EXT_PYTHON: /* above */
		break;
	}
	if (cursor.bad)
		session->result.trust.bad_bytes += event->bytes ? event->bytes : 1;
}
