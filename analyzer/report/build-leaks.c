/* SPDX-License-Identifier: Apache-2.0 */
/* What a look through the memory has found, with stacks of the document. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "report/build.h"
#include "report/report.h"
#include "report/sig.h"

/* A site by its number in the result. */
static int add_place(struct build *build, uint32_t site, uint32_t *ret_stack, uint32_t *ret_fn)
{
	if (site >= build->result->sites_count) {
		*ret_stack = REPORT_NONE;
		*ret_fn = TENURE_FN_MALLOC;
		return 0;
	}
	*ret_fn = build->result->sites[site].fn;
	return build_stack(build, &build->result->sites[site], ret_stack);
}

/* What a std::shared_ptr's block points at behind its counts, is what it counts. */
static int infer_type(struct build *build, const struct leaks_link *link, struct report_leak *leak)
{
	static const char counts[] = "counts of std::shared_ptr<";
	const char *type = leak->members.at[link->from].type;
	struct report_member *to = &leak->members.at[link->to];
	char *name;

	if (*to->type || link->offset != 16 || strncmp(type, counts, strlen(counts)) != 0)
		return 0;
	name = strndup(type + strlen(counts), strlen(type) - strlen(counts) - 1);
	if (!name)
		return -ENOMEM;
	to->type = report_text(build->report, name);
	free(name);
	return to->type ? 0 : -ENOMEM;
}

static int add_members(struct build *build, const struct leaks_item *from, struct report_leak *leak)
{
	int r = 0;

	for (size_t i = 0; i < from->members_count && r == 0; i++) {
		struct report_member member = { .own = from->members[i].own };

		r = add_place(build, from->members[i].site, &member.stack, &member.fn);
		if (r == 0)
			r = build_type(build, from->members[i].site, &member.type, &member.uses);
		if (r == 0)
			r = vec_push(&leak->members, member);
	}
	for (size_t i = 0; i < from->links_count && r == 0; i++)
		r = infer_type(build, &from->links[i], leak);
	for (size_t i = 0; i < from->links_count && r == 0; i++) {
		struct report_link link = { .from = from->links[i].from,
					    .to = from->links[i].to,
					    .offset = from->links[i].offset };

		r = build_member(build, leak->members.at[link.from].type, link.offset,
				 &link.member);
		if (r == 0)
			r = vec_push(&leak->links, link);
	}
	return r;
}

static int add_leak(struct build *build, const struct leaks_item *from, report_leaks *leaks)
{
	struct report_leak leak = { .class = from->class,
				    .own = from->own,
				    .indirect = from->indirect,
				    .cycles = from->cycles };
	int r = add_place(build, from->site, &leak.stack, &leak.fn);

	/* Sites whose stacks look the same are one; cycles are not put together. */
	for (size_t i = 0; i < leaks->count && r == 0 && from->class != LEAKS_CYCLE; i++) {
		struct report_leak *old = &leaks->at[i];

		if (old->class == leak.class && old->stack == leak.stack && old->fn == leak.fn) {
			old->own.blocks += leak.own.blocks;
			old->own.bytes += leak.own.bytes;
			old->indirect.blocks += leak.indirect.blocks;
			old->indirect.bytes += leak.indirect.bytes;
			return 0;
		}
	}
	if (r == 0)
		r = sig_of_stack(build->report, build->process, leak.stack, "heap", &leak.sig);
	if (r == 0)
		r = vec_push(leaks, leak);
	return r < 0 ? r : add_members(build, from, &leaks->at[leaks->count - 1]);
}

static int add_holder(struct build *build, const struct leaks_holder *from,
		      struct report_scan *scan)
{
	struct report_holder holder = { .kind = from->kind, .module = "", .held = from->held };
	bool is_global = from->kind == LEAKS_HOLDER_GLOBAL;

	if (!from->held.blocks)
		return 0;
	if (is_global && from->value < build->result->modules_count)
		holder.module =
			report_text(build->report, build->result->modules[from->value].path);
	else if (!is_global)
		holder.tid = from->value;
	return holder.module ? vec_push(&scan->holders, holder) : -ENOMEM;
}

/* The certain before the possible, then by what is gained; those that hang on others last. */
static int rank(const struct report_leak *leak)
{
	static const int ranks[] = {
		[LEAKS_LOST] = 0, [LEAKS_CYCLE] = 0, [LEAKS_LOST_THROUGH] = 2, [LEAKS_POSSIBLE] = 1
	};

	return leak->class < ARRAY_SIZE(ranks) ? ranks[leak->class] : 3;
}

static int by_gain(const void *a, const void *b)
{
	const struct report_leak *x = a, *y = b;
	uint64_t gain_x = x->own.bytes + x->indirect.bytes;
	uint64_t gain_y = y->own.bytes + y->indirect.bytes;

	if (rank(x) != rank(y))
		return rank(x) - rank(y);
	if (gain_x != gain_y)
		return gain_x > gain_y ? -1 : 1;
	if (x->sig != y->sig)
		return x->sig < y->sig ? -1 : 1;
	return x->stack < y->stack ? -1 : x->stack > y->stack;
}

static int by_held(const void *a, const void *b)
{
	const struct report_holder *x = a, *y = b;

	if (x->held.bytes != y->held.bytes)
		return x->held.bytes > y->held.bytes ? -1 : 1;
	return x->kind < y->kind ? -1 : x->kind > y->kind;
}

static int add_look(struct build *build, const struct result_leaks *from, struct report_scan *scan,
		    report_leaks *leaks)
{
	int r = 0;

	build->leaks = from;
	scan->looked = true;
	scan->done = from->done;
	scan->direct = from->direct;
	scan->partial = from->partial;
	scan->moment = from->moment;
	scan->threads = from->threads;
	scan->unstopped = from->unstopped;
	scan->unread = from->unread;
	scan->stopped_ns = from->scan_ns;
	scan->total_ns = from->total_ns;
	scan->signal = from->moment == TENURE_MOMENT_SIGNAL ? from->signal : 0;
	scan->asleep = from->asleep;
	if (from->name) {
		scan->mark = report_text(build->report, from->name);
		r = scan->mark ? 0 : -ENOMEM;
	}
	if (from->why && r == 0) {
		scan->why = report_text(build->report, from->why);
		r = scan->why ? 0 : -ENOMEM;
	}
	for (size_t i = 0; i < LEAKS_CLASS_COUNT; i++)
		scan->classes[i] = from->classes[i];
	for (size_t i = 0; i < from->holders_count && r == 0; i++)
		r = add_holder(build, &from->holders[i], scan);
	for (size_t i = 0; i < from->items_count && r == 0; i++)
		r = add_leak(build, &from->items[i], leaks);
	if (leaks->count)
		qsort(leaks->at, leaks->count, sizeof(*leaks->at), by_gain);
	if (scan->holders.count)
		qsort(scan->holders.at, scan->holders.count, sizeof(*scan->holders.at), by_held);
	return r;
}

/* The mark that a look is about.  Return: SIZE_MAX for one that is not kept. */
static size_t mark_of(const struct result_process *process, const struct result_leaks *leaks)
{
	for (size_t i = 0; i < process->marks_count; i++)
		if (process->marks[i].stamp == leaks->stamp)
			return i;
	return SIZE_MAX;
}

static int by_mark(const void *a, const void *b)
{
	const struct report_look *x = a, *y = b;

	return x->mark < y->mark ? -1 : x->mark > y->mark;
}

int build_leaks(struct build *build)
{
	const struct result_process *from = build->result;
	struct report_process *process = build->process;
	const struct result_leaks *last = from->leaks ? from->leaks : from->held;
	int r = last ? add_look(build, last, &process->scan, &process->leaks) : 0;

	for (size_t i = 0; i < from->looks_count && r == 0; i++) {
		struct report_look *look;
		size_t mark = mark_of(from, from->looks[i]);

		if (mark == SIZE_MAX)
			continue;
		r = vec_push(&process->looks, (struct report_look){ .mark = (uint32_t)mark });
		if (r < 0)
			break;
		look = &process->looks.at[process->looks.count - 1];
		r = add_look(build, from->looks[i], &look->scan, &look->leaks);
	}
	if (process->looks.count)
		qsort(process->looks.at, process->looks.count, sizeof(*process->looks.at), by_mark);
	return r;
}
