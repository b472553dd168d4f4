/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a look has found as bytes, and back.
 *
 * One description serves both ways: each function below writes a value, or
 * reads it.  Numbers are LEB128, lists begin with their length.
 */
#include "leaks-code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "leaks.h"

#define CODE_VERSION 3u

/**
 * struct code - one way or the other
 * @to:  write there; NULL: read from @at to before @end
 * @err: 0, -EBADMSG, -ENOMEM
 */
struct code {
	struct strbuf *to;
	const uint8_t *at;
	const uint8_t *end;
	int err;
};

static void code_u64(struct code *code, uint64_t *value)
{
	uint64_t rest = *value;
	unsigned int shift = 0;

	if (code->to) {
		for (; rest >= 0x80; rest >>= 7)
			strbuf_addc(code->to, (char)(rest | 0x80));
		strbuf_addc(code->to, (char)rest);
		return;
	}
	*value = 0;
	for (; code->at < code->end && shift < 64; shift += 7) {
		uint8_t byte = *code->at++;

		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return;
	}
	*value = 0;
	code->err = code->err ? code->err : -EBADMSG;
}

static void code_u32(struct code *code, uint32_t *value)
{
	uint64_t wide = *value;

	code_u64(code, &wide);
	*value = (uint32_t)wide;
	if (wide > UINT32_MAX)
		code->err = -EBADMSG;
}

static void code_bool(struct code *code, bool *value)
{
	uint64_t wide = *value;

	code_u64(code, &wide);
	*value = wide != 0;
}

static void code_count(struct code *code, struct leaks_count *count)
{
	code_u64(code, &count->blocks);
	code_u64(code, &count->bytes);
}

/* The length of a list; when reading, room for it.  Return: the list, NULL if there is none. */
static void *code_list(struct code *code, const void *list, size_t *count, size_t size)
{
	uint64_t wide = *count;
	void *room;

	code_u64(code, &wide);
	if (code->to)
		return (void *)(uintptr_t)list;
	*count = 0;
	/* Each entry takes a byte at least. */
	if (!code->err && wide > (uint64_t)(code->end - code->at))
		code->err = -EBADMSG;
	if (code->err)
		return NULL;
	room = calloc((size_t)wide + 1, size);
	if (room)
		*count = (size_t)wide;
	else
		code->err = -ENOMEM;
	return room;
}

/* NULL and "" are the same. */
static void code_text(struct code *code, char **text)
{
	size_t count = code->to && *text ? strlen(*text) : 0;
	char *list = code_list(code, *text, &count, 1);

	if (code->to) {
		strbuf_add(code->to, list, count);
	} else if (list && count) {
		memcpy(list, code->at, count);
		code->at += count;
		*text = list;
	} else {
		free(list);
	}
}

/* ------------------------------------------------------------ what there is */

static void code_member(struct code *code, struct leaks_member *member)
{
	code_u32(code, &member->site);
	code_count(code, &member->own);
}

static void code_link(struct code *code, struct leaks_link *link, size_t members_count)
{
	code_u32(code, &link->from);
	code_u32(code, &link->to);
	code_u64(code, &link->offset);
	if (!code->to && (link->from >= members_count || link->to >= members_count))
		code->err = code->err ? code->err : -EBADMSG;
}

static void code_item(struct code *code, struct leaks_item *item)
{
	struct leaks_member *members;
	struct leaks_link *links;

	code_u32(code, &item->class);
	code_u32(code, &item->site);
	code_count(code, &item->own);
	code_count(code, &item->indirect);
	code_u64(code, &item->cycles);
	members = code_list(code, item->members, &item->members_count, sizeof(*members));
	item->members = members;
	for (size_t i = 0; i < item->members_count; i++)
		code_member(code, &members[i]);
	links = code_list(code, item->links, &item->links_count, sizeof(*links));
	item->links = links;
	for (size_t i = 0; i < item->links_count; i++)
		code_link(code, &links[i], item->members_count);
	if (!code->to && item->class > LEAKS_POSSIBLE)
		code->err = -EBADMSG;
}

static void code_holder(struct code *code, struct leaks_holder *holder)
{
	code_u32(code, &holder->kind);
	code_u32(code, &holder->value);
	code_count(code, &holder->held);
	if (!code->to && holder->kind >= LEAKS_HOLDER_COUNT)
		code->err = -EBADMSG;
}

static void code_kept(struct code *code, struct leaks_kept *kept, size_t steps_count)
{
	uint64_t first = kept->steps_first, count = kept->steps_count;

	code_u32(code, &kept->site);
	code_u32(code, &kept->class);
	code_count(code, &kept->own);
	code_count(code, &kept->kept);
	code_bool(code, &kept->is_held);
	code_bool(code, &kept->is_cut);
	code_holder(code, &kept->holder);
	code_u64(code, &kept->address);
	code_u64(code, &first);
	code_u64(code, &count);
	code_count(code, &kept->most);
	code_text(code, &kept->type);
	code_text(code, &kept->expression);
	code_bool(code, &kept->is_guessed);
	if (code->to)
		return;
	if (kept->class >= LEAKS_CLASS_COUNT || first > steps_count ||
	    count > steps_count - first) {
		code->err = code->err ? code->err : -EBADMSG;
		return;
	}
	kept->steps_first = (size_t)first;
	kept->steps_count = (size_t)count;
}

static void code_step(struct code *code, struct leaks_step *step)
{
	code_u32(code, &step->site);
	code_u64(code, &step->offset);
	code_u64(code, &step->times);
}

static void code_all_kept(struct code *code, struct leaks_kept **list, size_t *count,
			  size_t steps_count)
{
	*list = code_list(code, *list, count, sizeof(**list));
	for (size_t i = 0; i < *count; i++)
		code_kept(code, &(*list)[i], steps_count);
}

static void code_leaks(struct code *code, struct result_leaks *leaks)
{
	uint32_t version = CODE_VERSION;

	code_u32(code, &version);
	if (version != CODE_VERSION)
		code->err = -EBADMSG;
	code_u32(code, &leaks->moment);
	code_u32(code, &leaks->signal);
	code_text(code, &leaks->name);
	code_u64(code, &leaks->stamp);
	code_bool(code, &leaks->done);
	code_bool(code, &leaks->direct);
	code_bool(code, &leaks->partial);
	code_text(code, &leaks->why);
	code_u64(code, &leaks->threads);
	code_u64(code, &leaks->unstopped);
	code_u64(code, &leaks->asleep);
	code_u64(code, &leaks->unread);
	code_u64(code, &leaks->scan_ns);
	code_u64(code, &leaks->total_ns);
	for (size_t i = 0; i < LEAKS_CLASS_COUNT; i++)
		code_count(code, &leaks->classes[i]);
	leaks->items = code_list(code, leaks->items, &leaks->items_count, sizeof(*leaks->items));
	for (size_t i = 0; i < leaks->items_count; i++)
		code_item(code, &leaks->items[i]);
	leaks->holders =
		code_list(code, leaks->holders, &leaks->holders_count, sizeof(*leaks->holders));
	for (size_t i = 0; i < leaks->holders_count; i++)
		code_holder(code, &leaks->holders[i]);
	leaks->steps = code_list(code, leaks->steps, &leaks->steps_count, sizeof(*leaks->steps));
	for (size_t i = 0; i < leaks->steps_count; i++)
		code_step(code, &leaks->steps[i]);
	code_all_kept(code, &leaks->kept, &leaks->kept_count, leaks->steps_count);
	code_all_kept(code, &leaks->types, &leaks->types_count, leaks->steps_count);
	code_all_kept(code, &leaks->objects, &leaks->objects_count, leaks->steps_count);
	code_u64(code, &leaks->python.precise);
	code_u64(code, &leaks->python.guessed);
	code_u64(code, &leaks->python.unknown);
	code_u64(code, &leaks->python.dead);
	leaks->tables =
		code_list(code, leaks->tables, &leaks->tables_count, sizeof(*leaks->tables));
	for (size_t i = 0; i < leaks->tables_count; i++) {
		code_u64(code, &leaks->tables[i].addr);
		code_u64(code, &leaks->tables[i].next_word);
	}
}

void leaks_encode(const struct result_leaks *leaks, struct strbuf *buf)
{
	struct code code = { .to = buf };

	/* Writing puts back what was there. */
	code_leaks(&code, (struct result_leaks *)(uintptr_t)leaks);
}

int leaks_decode(const uint8_t *bytes, size_t count, struct result_leaks **ret_leaks)
{
	struct code code = { .at = bytes, .end = bytes + count };
	struct result_leaks *leaks = calloc(1, sizeof(*leaks));

	if (!leaks)
		return -ENOMEM;
	code_leaks(&code, leaks);
	if (code.err) {
		leaks_free(leaks);
		return code.err;
	}
	*ret_leaks = leaks;
	return 0;
}

struct result_leaks *leaks_failed(uint32_t moment, uint64_t stamp, const char *why)
{
	struct result_leaks *leaks = calloc(1, sizeof(*leaks));

	if (!leaks)
		return NULL;
	leaks->moment = moment;
	leaks->stamp = stamp;
	leaks->why = strdup(why);
	return leaks;
}
