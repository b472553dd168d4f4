/* SPDX-License-Identifier: Apache-2.0 */
/* Leaks in the JSON report, both ways. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "report/leaks-json.h"
#include "report/words.h"

/* ------------------------------------------------------------------- writing */

static void write_count(struct emit *emit, const struct leaks_count *count)
{
	emit_uint(emit, "blocks", count->blocks);
	emit_uint(emit, "bytes", count->bytes);
}

static void write_place(struct emit *emit, uint32_t stack, uint32_t fn)
{
	if (stack != REPORT_NONE)
		emit_uint(emit, "stack", stack);
	emit_text(emit, "function", words_get(&words_fn, fn));
}

static void write_cycle(struct emit *emit, const struct report_leak *leak)
{
	emit_uint(emit, "cycles", leak->cycles);
	emit_array(emit, "members", EMIT_FLAT);
	for (size_t i = 0; i < leak->members.count; i++) {
		const struct report_member *member = &leak->members.at[i];

		emit_object(emit, NULL, EMIT_FLAT);
		write_place(emit, member->stack, member->fn);
		if (*member->type)
			emit_text(emit, "type", member->type);
		if (member->uses)
			emit_uint(emit, "use_count", member->uses);
		write_count(emit, &member->own);
		emit_end(emit);
	}
	emit_end(emit);
	emit_array(emit, "links", EMIT_FLAT);
	for (size_t i = 0; i < leak->links.count; i++) {
		const struct report_link *link = &leak->links.at[i];

		emit_object(emit, NULL, EMIT_FLAT);
		emit_uint(emit, "from", link->from);
		emit_uint(emit, "offset", link->offset);
		if (*link->member)
			emit_text(emit, "member", link->member);
		emit_uint(emit, "to", link->to);
		emit_end(emit);
	}
	emit_end(emit);
}

static void write_leak(struct emit *emit, const struct report_leak *leak)
{
	emit_object(emit, NULL, EMIT_FLAT);
	emit_text(emit, "class", words_get(&words_leak, leak->class));
	emit_hash(emit, "sig", leak->sig);
	write_place(emit, leak->stack, leak->fn);
	write_count(emit, &leak->own);
	emit_uint(emit, "indirect_blocks", leak->indirect.blocks);
	emit_uint(emit, "indirect_bytes", leak->indirect.bytes);
	if (leak->suppressed)
		emit_uint(emit, "suppressed", leak->suppressed - 1);
	if (leak->class == LEAKS_CYCLE)
		write_cycle(emit, leak);
	emit_end(emit);
}

static void write_scan(struct emit *emit, const struct report_scan *scan)
{
	emit_object(emit, "leak_scan", EMIT_LINES);
	emit_bool(emit, "done", scan->done);
	if (scan->why)
		emit_text(emit, "why", scan->why);
	emit_text(emit, "moment", words_get(&words_moment, scan->moment));
	if (scan->signal)
		emit_uint(emit, "signal", scan->signal);
	if (scan->mark)
		emit_text(emit, "mark", scan->mark);
	emit_text(emit, "way", scan->direct ? "process_vm_readv" : "descriptor");
	emit_bool(emit, "partial", scan->partial);
	emit_uint(emit, "threads", scan->threads);
	emit_uint(emit, "unstopped_threads", scan->unstopped);
	if (scan->asleep)
		emit_uint(emit, "asleep_threads", scan->asleep);
	emit_uint(emit, "unread_bytes", scan->unread);
	emit_uint(emit, "stopped_ns", scan->stopped_ns);
	emit_uint(emit, "total_ns", scan->total_ns);
	emit_object(emit, "classes", EMIT_LINES);
	for (uint32_t i = 0; i < LEAKS_CLASS_COUNT; i++) {
		emit_object(emit, words_get(&words_leak, i), EMIT_FLAT);
		write_count(emit, &scan->classes[i]);
		emit_end(emit);
	}
	emit_end(emit);
	emit_array(emit, "held_by", EMIT_LINES);
	for (size_t i = 0; i < scan->holders.count; i++) {
		const struct report_holder *holder = &scan->holders.at[i];

		emit_object(emit, NULL, EMIT_FLAT);
		emit_text(emit, "kind", words_get(&words_holder, holder->kind));
		if (*holder->module)
			emit_text(emit, "module", holder->module);
		if (holder->tid)
			emit_uint(emit, "tid", holder->tid);
		write_count(emit, &holder->held);
		emit_end(emit);
	}
	emit_end(emit);
	emit_end(emit);
}

void leaks_json_write(struct emit *emit, const struct report_scan *scan, const report_leaks *leaks)
{
	if (!scan->looked)
		return;
	write_scan(emit, scan);
	emit_array(emit, "leaks", EMIT_LINES);
	for (size_t i = 0; i < leaks->count; i++)
		write_leak(emit, &leaks->at[i]);
	emit_end(emit);
}

/* ------------------------------------------------------------------- loading */

static void load_count(struct load *load, const json_t *from, struct leaks_count *count)
{
	count->blocks = load_uint(load, from, "blocks");
	count->bytes = load_uint(load, from, "bytes");
}

static uint32_t load_stack(struct load *load, const json_t *from)
{
	uint32_t stack = load_uint32(load, from, "stack", REPORT_NONE);

	if (stack != REPORT_NONE && stack >= load->report->stacks.count)
		load_fail(load, -EINVAL, "there is no stack %" PRIu32, stack);
	return stack;
}

static void load_cycle(struct load *load, const json_t *from, struct report_leak *leak)
{
	const json_t *array = load_array(load, from, "members");

	leak->cycles = load_uint(load, from, "cycles");
	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *at = json_array_get(array, i);
		struct report_member member = { .stack = load_stack(load, at),
						.fn = load_word(load, at, "function", &words_fn),
						.type = load_text(load, at, "type"),
						.uses = load_uint32(load, at, "use_count", 0) };

		load_count(load, at, &member.own);
		if (vec_push(&leak->members, member) < 0)
			load_fail(load, -ENOMEM, "%s", "");
	}
	array = load_array(load, from, "links");
	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *at = json_array_get(array, i);
		struct report_link link = { .from = load_uint32(load, at, "from", 0),
					    .to = load_uint32(load, at, "to", 0),
					    .offset = load_uint(load, at, "offset"),
					    .member = load_text(load, at, "member") };

		if (link.from >= leak->members.count || link.to >= leak->members.count)
			load_fail(load, -EINVAL, "%s", "a cycle has no such member");
		else if (vec_push(&leak->links, link) < 0)
			load_fail(load, -ENOMEM, "%s", "");
	}
}

static void load_leak(struct load *load, const json_t *from, report_leaks *leaks)
{
	struct report_leak leak = { .class = load_word(load, from, "class", &words_leak),
				    .stack = load_stack(load, from),
				    .fn = load_word(load, from, "function", &words_fn) };

	leak.sig = load_sig(load, from);
	if (leak.class > LEAKS_POSSIBLE)
		load_fail(load, -EINVAL, "'class' is '%s', which is no leak",
			  words_get(&words_leak, leak.class));
	load_count(load, from, &leak.own);
	leak.indirect.blocks = load_uint(load, from, "indirect_blocks");
	leak.indirect.bytes = load_uint(load, from, "indirect_bytes");
	leak.suppressed = load_uint32(load, from, "suppressed", UINT32_MAX) + 1;
	if (leak.suppressed > load->report->suppressions.count)
		load_fail(load, -EINVAL, "there is no suppression %" PRIu32, leak.suppressed - 1);
	if (leak.class == LEAKS_CYCLE)
		load_cycle(load, from, &leak);
	if (vec_push(leaks, leak) < 0) {
		vec_fini(&leak.members);
		vec_fini(&leak.links);
		load_fail(load, -ENOMEM, "%s", "");
	}
}

static void load_holders(struct load *load, const json_t *from, struct report_scan *scan)
{
	const json_t *array = load_array(load, from, "held_by");

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *at = json_array_get(array, i);
		struct report_holder holder = { .kind = load_word(load, at, "kind", &words_holder),
						.module = load_text(load, at, "module"),
						.tid = load_uint32(load, at, "tid", 0) };

		load_count(load, at, &holder.held);
		if (vec_push(&scan->holders, holder) < 0)
			load_fail(load, -ENOMEM, "%s", "");
	}
}

void leaks_json_load(struct load *load, const json_t *object, struct report_scan *scan,
		     report_leaks *leaks)
{
	const json_t *from, *classes, *array;

	if (!json_object_get(object, "leak_scan"))
		return;
	from = load_object(load, object, "leak_scan");
	scan->looked = true;
	scan->done = load_bool(load, from, "done", false);
	if (json_object_get(from, "why"))
		scan->why = load_text(load, from, "why");
	scan->moment = load_word(load, from, "moment", &words_moment);
	if (json_object_get(from, "signal"))
		scan->signal = load_uint32(load, from, "signal", 0);
	if (json_object_get(from, "mark"))
		scan->mark = load_text(load, from, "mark");
	if (json_object_get(from, "asleep_threads"))
		scan->asleep = load_uint(load, from, "asleep_threads");
	scan->direct = load_text(load, from, "way")[0] == 'p';
	scan->partial = load_bool(load, from, "partial", false);
	scan->threads = load_uint(load, from, "threads");
	scan->unstopped = load_uint(load, from, "unstopped_threads");
	scan->unread = load_uint(load, from, "unread_bytes");
	scan->stopped_ns = load_uint(load, from, "stopped_ns");
	scan->total_ns = load_uint(load, from, "total_ns");
	classes = load_object(load, from, "classes");
	for (uint32_t i = 0; i < LEAKS_CLASS_COUNT; i++)
		load_count(load, load_object(load, classes, words_get(&words_leak, i)),
			   &scan->classes[i]);
	load_holders(load, from, scan);
	array = load_array(load, object, "leaks");
	for (size_t i = 0; i < json_array_size(array) && !load->error; i++)
		load_leak(load, json_array_get(array, i), leaks);
}
