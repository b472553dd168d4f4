/* SPDX-License-Identifier: Apache-2.0 */
/* How what is alive is held: the ways that a scan has found, with names. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "report/build.h"
#include "report/names.h"
#include "report/report.h"
#include "report/sig.h"

#define TABLE	      "vtable for "
#define MADE_SHARED   "std::make_shared<"
#define COUNTS_SHARED "counts of std::shared_ptr<"
#define SHARED_HEAD   16u

/* What stands at the head of a block that a std::shared_ptr counts in. */
static const struct {
	const char *name;
	bool has_object; /* it holds the object too: std::make_shared() */
} counted[] = {
	{ "std::_Sp_counted_ptr_inplace<", true },    { "std::_Sp_counted_ptr<", false },
	{ "std::_Sp_counted_deleter<", false },	      { "std::__1::__shared_ptr_emplace<", true },
	{ "std::__1::__shared_ptr_pointer<", false },
};

static const struct result_module *module_at(const struct build *build, uint64_t addr)
{
	for (size_t i = 0; i < build->result->modules_count; i++) {
		const struct result_module *module = &build->result->modules[i];

		if (!module->gone && addr - module->start < module->end - module->start)
			return module;
	}
	return NULL;
}

/* The first of template arguments, without the star of a pointer. */
static size_t first_argument(const char *arguments)
{
	size_t count = 0;

	for (int depth = 0; arguments[count]; count++) {
		char c = arguments[count];

		if (depth == 0 && (c == ',' || c == '>'))
			break;
		depth += (c == '<' || c == '(') - (c == '>' || c == ')');
	}
	while (count && (arguments[count - 1] == '*' || arguments[count - 1] == ' '))
		count--;
	return count;
}

/* In the words of who wrote the program. */
static void add_type(struct strbuf *out, const char *name, bool *ret_counted)
{
	*ret_counted = false;
	for (size_t i = 0; i < ARRAY_SIZE(counted); i++) {
		size_t count = strlen(counted[i].name);

		if (strncmp(name, counted[i].name, count) != 0)
			continue;
		*ret_counted = true;
		strbuf_adds(out, counted[i].has_object ? MADE_SHARED : COUNTS_SHARED);
		strbuf_add(out, name + count, first_argument(name + count));
		strbuf_addc(out, '>');
		return;
	}
	strbuf_adds(out, name);
}

int build_type(struct build *build, uint32_t site, const char **ret_type, uint32_t *ret_uses)
{
	const struct result_leaks *leaks = build->leaks;
	const struct leaks_table *table;
	const struct result_module *module;
	struct strbuf type = { .at = NULL };
	const char *name;
	uint64_t offset;
	bool is_counted;
	int r;

	*ret_type = "";
	*ret_uses = 0;
	if (site >= leaks->tables_count)
		return 0;
	table = &leaks->tables[site];
	module = module_at(build, table->addr);
	if (!module)
		return 0;
	r = variables_find(&build->variables, module->path, table->addr - module->bias, &name,
			   &offset);
	if (r == -ENOENT || (r == 0 && strncmp(name, TABLE, strlen(TABLE)) != 0))
		return 0;
	if (r < 0)
		return r;
	add_type(&type, name + strlen(TABLE), &is_counted);
	if (is_counted)
		*ret_uses = (uint32_t)table->next_word;
	*ret_type = report_text(build->report, strbuf_get(&type));
	strbuf_fini(&type);
	return *ret_type ? 0 : -ENOMEM;
}

int build_member(struct build *build, const char *type, uint64_t offset, const char **ret_member)
{
	size_t made = strlen(MADE_SHARED);
	struct strbuf plain = { .at = NULL };
	int r = 0;

	*ret_member = "";
	if (!*type || strncmp(type, COUNTS_SHARED, strlen(COUNTS_SHARED)) == 0)
		return 0;
	/* The object lies behind a table and two counts. */
	if (strncmp(type, MADE_SHARED, made) == 0 && type[made]) {
		if (offset < SHARED_HEAD)
			return 0;
		offset -= SHARED_HEAD;
		strbuf_add(&plain, type + made, strlen(type) - made - 1);
		type = strbuf_get(&plain);
	}
	for (size_t i = 0; i < build->result->modules_count && r == 0 && !**ret_member; i++) {
		const struct result_module *module = &build->result->modules[i];
		const char *name;

		if (names_is_system(module->path))
			continue;
		r = members_find(&build->members, module->path, type, offset, &name);
		if (r == 0) {
			*ret_member = report_text(build->report, name);
			r = *ret_member ? 0 : -ENOMEM;
		} else if (r == -ENOENT) {
			r = 0;
		}
	}
	strbuf_fini(&plain);
	return r;
}

static int add_global(struct build *build, const struct leaks_kept *from, struct report_held *held)
{
	const struct result_module *module;
	const char *name;
	int r;

	if (from->holder.value >= build->result->modules_count)
		return 0;
	module = &build->result->modules[from->holder.value];
	held->module = report_text(build->report, module->path);
	if (!held->module)
		return -ENOMEM;
	held->offset = from->address - module->bias;
	r = variables_find(&build->variables, module->path, held->offset, &name, &held->offset);
	if (r == 0) {
		held->variable = report_text(build->report, name);
		r = held->variable ? 0 : -ENOMEM;
	}
	return r == -ENOENT ? 0 : r;
}

static int add_steps(struct build *build, const struct leaks_kept *from, struct report_held *held)
{
	const struct result_leaks *leaks = build->leaks;
	int r = 0;

	for (size_t i = 0; i < from->steps_count && r == 0; i++) {
		const struct leaks_step *step = &leaks->steps[from->steps_first + i];
		struct report_step to = { .stack = REPORT_NONE,
					  .fn = TENURE_FN_MMAP,
					  .type = "",
					  .member = "",
					  .offset = step->offset,
					  .times = step->times };
		uint32_t uses;

		if (step->site < build->result->sites_count) {
			to.fn = build->result->sites[step->site].fn;
			r = build_stack(build, &build->result->sites[step->site], &to.stack);
			if (r == 0)
				r = build_type(build, step->site, &to.type, &uses);
			if (r == 0)
				r = build_member(build, to.type, to.offset, &to.member);
		}
		if (r == 0)
			r = vec_push(&held->steps, to);
	}
	return r;
}

/* What only the interpreter's own memory tells. */
static int add_words(struct build *build, const struct leaks_kept *from, struct report_held *held)
{
	held->expression = report_text(build->report, from->expression ? from->expression : "");
	if (from->type)
		held->type = report_text(build->report, from->type);
	held->most = from->most;
	held->is_guessed = from->is_guessed;
	return held->expression && held->type ? 0 : -ENOMEM;
}

static int add_held(struct build *build, const struct leaks_kept *from, report_helds *to)
{
	struct report_process *process = build->process;
	struct report_held held = { .fn = TENURE_FN_MMAP,
				    .stack = REPORT_NONE,
				    .class = from->class,
				    .type = "",
				    .own = from->own,
				    .kept = from->kept,
				    .is_held = from->is_held,
				    .is_cut = from->is_cut,
				    .kind = from->holder.kind,
				    .module = "",
				    .variable = "" };
	uint32_t uses;
	int r = 0;

	if (from->site < build->result->sites_count) {
		held.fn = build->result->sites[from->site].fn;
		r = build_stack(build, &build->result->sites[from->site], &held.stack);
		if (r == 0)
			r = build_type(build, from->site, &held.type, &uses);
	}
	if (r == 0)
		r = sig_of_stack(build->report, process, held.stack, "heap", &held.sig);
	if (r == 0 && held.is_held && held.kind == LEAKS_HOLDER_GLOBAL)
		r = add_global(build, from, &held);
	else if (held.is_held && held.kind != LEAKS_HOLDER_MODULE)
		held.tid = from->holder.value;
	if (r == 0)
		r = add_words(build, from, &held);
	if (r == 0)
		r = vec_push(to, held);
	return r < 0 ? r : add_steps(build, from, &to->at[to->count - 1]);
}

static int by_kept(const void *a, const void *b)
{
	const struct leaks_kept *x = *(const struct leaks_kept *const *)a;
	const struct leaks_kept *y = *(const struct leaks_kept *const *)b;

	if (x->kept.bytes != y->kept.bytes)
		return x->kept.bytes > y->kept.bytes ? -1 : 1;
	return x->site < y->site ? -1 : x->site > y->site;
}

/* Those that keep most first, at most @max. */
static int add_sorted(struct build *build, const struct leaks_kept *from, size_t count, size_t max,
		      report_helds *to)
{
	const struct leaks_kept **order = malloc((count + 1) * sizeof(*order));
	int r = 0;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		order[i] = &from[i];
	qsort(order, count, sizeof(*order), by_kept);
	for (size_t i = 0; i < count && i < max && r == 0; i++)
		r = add_held(build, order[i], to);
	free(order);
	return r;
}

int build_held(struct build *build)
{
	const struct result_leaks *look = build->result->held ? build->result->held
							      : build->result->leaks;
	struct report_process *process = build->process;
	int r;

	if (!look || !look->done)
		return 0;
	build->leaks = look;
	process->held_moment = look->moment;
	process->held_python = look->python;
	r = add_sorted(build, look->kept, look->kept_count, REPORT_HELD_MAX, &process->held);
	if (r == 0)
		r = add_sorted(build, look->types, look->types_count, REPORT_HELD_TYPES_MAX,
			       &process->held_types);
	if (r == 0)
		r = add_sorted(build, look->objects, look->objects_count, REPORT_HELD_MAX,
			       &process->held_objects);
	return r;
}
