/* SPDX-License-Identifier: Apache-2.0 */
/* From the report to what is judged: signatures, totals, growth, environment. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gate/facts.h"
#include "gate/scope.h"
#include "report/names.h"

/* The least that growth is: half of what glibc's smallest block takes, per iteration. */
#define FLOOR_BYTES 16u
/* Moments that only time makes alike need more of them. */
#define TIME_INTERVALS 8u

static const char *keep(struct facts *facts, struct strbuf *text)
{
	const char *copy =
		text->failed ? NULL : arena_string(&facts->texts, strbuf_get(text), text->count);

	strbuf_clear(text);
	return copy;
}

static const char *where_of(struct facts *facts, const struct places_view *view, uint32_t stack)
{
	struct strbuf text = { 0 };
	const char *copy;

	scope_where(&text, view, stack);
	copy = keep(facts, &text);
	strbuf_fini(&text);
	return copy;
}

/* ---------------------------------------------------------------- live blocks */

const struct fact *facts_find(const struct facts *facts, uint64_t sig)
{
	HASHMAP_EACH(&facts->by_sig, sig, index)
	{
		if (facts->live.at[index].sig == sig)
			return &facts->live.at[index];
	}
	return NULL;
}

static int add_site(struct facts *facts, const struct places_view *view, uint32_t process,
		    const struct report_site *site)
{
	struct fact *known = (struct fact *)facts_find(facts, site->sig);
	struct fact fresh = { .sig = site->sig, .process = process, .stack = site->stack };
	struct strbuf module = { 0 };
	int r;

	if (!known) {
		scope_module(&module, view, site->stack);
		fresh.module = keep(facts, &module);
		fresh.where = where_of(facts, view, site->stack);
		strbuf_fini(&module);
		r = fresh.module && fresh.where ? vec_push(&facts->live, fresh) : -ENOMEM;
		if (r == 0)
			r = hashmap_add(&facts->by_sig, site->sig, (uint32_t)facts->live.count - 1);
		if (r < 0)
			return r;
		known = &facts->live.at[facts->live.count - 1];
	}
	known->live_bytes += site->live_bytes;
	known->live_blocks += site->live_blocks;
	return 0;
}

static int add_live(struct facts *facts, const struct places_view *view, uint32_t index)
{
	const struct report_process *process = &view->report->processes.at[index];
	int r = 0;

	for (size_t i = 0; scope_is_judged(process) && i < process->sites.count && r == 0; i++) {
		if (process->sites.at[i].live_blocks)
			r = add_site(facts, view, index, &process->sites.at[i]);
	}
	return r;
}

/* --------------------------------------------------------------------- growth */

/* The first point after the warm-up. */
static size_t first_point(const struct report_series *series, uint64_t warmup)
{
	size_t i = 0;

	while (i < series->points.count && series->points.at[i].iteration < warmup)
		i++;
	return i;
}

static bool is_long_enough(const struct report_series *series, const struct gate_config *config)
{
	size_t first = first_point(series, config->warmup);
	size_t left = series->points.count - first;
	uint64_t need = config->intervals;

	if (series->kind == RESULT_SERIES_TIME && need < TIME_INTERVALS)
		need = TIME_INTERVALS;
	return left > need;
}

/* Does it rise in every interval, by the floor at least?  Then growth->slope is set. */
static bool rises(const struct report_series *series, const struct report_rise *rise, size_t first,
		  struct facts_growth *growth)
{
	size_t last = series->points.count - 1;
	uint64_t iterations;

	for (size_t i = first + 1; i <= last; i++) {
		iterations = series->points.at[i].iteration - series->points.at[i - 1].iteration;
		/* Of time there is no telling how much work it is. */
		if (series->kind == RESULT_SERIES_TIME)
			iterations = 1;
		if (rise->bytes[i] < rise->bytes[i - 1] ||
		    rise->bytes[i] - rise->bytes[i - 1] < FLOOR_BYTES * iterations)
			return false;
	}
	iterations = series->points.at[last].iteration - series->points.at[first].iteration;
	if (!iterations)
		return false;
	growth->first = rise->bytes[first];
	growth->last = rise->bytes[last];
	growth->iterations = iterations;
	growth->intervals = (uint32_t)(last - first);
	growth->slope = (growth->last - growth->first) / iterations;
	return true;
}

static uint32_t stack_of_sig(const struct report_process *process, uint64_t sig)
{
	const struct report_site *best = NULL;

	for (size_t i = 0; i < process->sites.count; i++) {
		const struct report_site *site = &process->sites.at[i];

		if (site->sig == sig && (!best || site->max_bytes > best->max_bytes))
			best = site;
	}
	return best ? best->stack : REPORT_NONE;
}

/* The steepest of all series counts. */
static int add_growth(struct facts *facts, const struct places_view *view,
		      struct facts_growth *growth)
{
	struct facts_growth *known = NULL;

	for (size_t i = 0; i < facts->growth.count && !known; i++)
		if (facts->growth.at[i].sig == growth->sig)
			known = &facts->growth.at[i];
	if (known && known->slope >= growth->slope)
		return 0;
	growth->stack = stack_of_sig(&view->report->processes.at[growth->process], growth->sig);
	growth->where = where_of(facts, view, growth->stack);
	if (!growth->where)
		return -ENOMEM;
	if (!known)
		return vec_push(&facts->growth, *growth);
	*known = *growth;
	return 0;
}

static bool has_kind(const struct report_process *process, const struct gate_config *config,
		     uint32_t kind)
{
	for (size_t i = 0; i < process->checkpoints.count; i++) {
		if (process->checkpoints.at[i].kind == kind &&
		    is_long_enough(&process->checkpoints.at[i], config))
			return true;
	}
	return false;
}

static int judge_series(struct facts *facts, const struct places_view *view,
			const struct gate_config *config, uint32_t index)
{
	const struct report_process *process = &view->report->processes.at[index];
	uint32_t kind = RESULT_SERIES_MARK;
	int r = 0;

	/* Marks, else collections, else time. */
	while (kind < RESULT_SERIES_TIME && !has_kind(process, config, kind))
		kind++;
	for (size_t i = 0; i < process->checkpoints.count && r == 0; i++) {
		const struct report_series *series = &process->checkpoints.at[i];
		size_t first = first_point(series, config->warmup);

		if (series->kind != kind || !is_long_enough(series, config))
			continue;
		facts->series++;
		for (size_t k = 0; k < series->rises.count && r == 0; k++) {
			struct facts_growth growth = { .sig = series->rises.at[k].sig,
						       .kind = kind,
						       .process = index };

			if (!rises(series, &series->rises.at[k], first, &growth))
				continue;
			growth.series =
				arena_string(&facts->texts, series->name, strlen(series->name));
			r = growth.series ? add_growth(facts, view, &growth) : -ENOMEM;
		}
	}
	return r;
}

/* ---------------------------------------------------------------- environment */

static void find_modules(struct facts *facts, const struct report_process *process)
{
	static const char *const allocators[] = { "jemalloc", "tcmalloc", "mimalloc" };
	struct facts_environment *environment = &facts->environment;

	for (size_t i = 0; i < process->modules.count; i++) {
		const char *base = names_base(process->modules.at[i].path);
		unsigned int minor;
		char text[32];

		if (strncmp(base, "ld-linux", 8) == 0 || strncmp(base, "ld-musl", 7) == 0)
			environment->loader = arena_string(&facts->texts, base, strlen(base));
		for (size_t k = 0; k < ARRAY_SIZE(allocators); k++)
			if (strstr(base, allocators[k]))
				environment->allocator = allocators[k];
		if (sscanf(base, "libpython3.%u", &minor) != 1 &&
		    sscanf(base, "python3.%u", &minor) != 1)
			continue;
		(void)snprintf(text, sizeof(text), "3.%u", minor);
		environment->python = arena_string(&facts->texts, text, strlen(text));
	}
}

static int find_environment(struct facts *facts, const struct report *report)
{
	struct facts_environment *environment = &facts->environment;
	bool several = false, sampled = false;

	*environment = (struct facts_environment){ "", "", "", "libc", "one", "", "" };
	environment->tenure = arena_string(&facts->texts, report->version, strlen(report->version));
	for (size_t i = 0; i < report->processes.count; i++) {
		const struct report_process *process = &report->processes.at[i];
		unsigned int busy = 0;

		find_modules(facts, process);
		for (size_t k = 0; k < process->threads.count; k++)
			busy += process->threads.at[k].allocations != 0;
		several |= busy > 1;
		sampled |= process->sample_bytes != 0;
	}
	if (environment->python && environment->python[0]) {
		const char *seed = report->hash_seed[0] ? report->hash_seed : "random";

		environment->hash_seed = arena_string(&facts->texts, seed, strlen(seed));
	}
	if (several)
		environment->threads = "several";
	if (sampled)
		environment->sampling = "sampled";
	return environment->tenure && environment->loader && environment->python &&
			       environment->hash_seed
		       ? 0
		       : -ENOMEM;
}

int facts_init(struct facts *facts, const struct places_view *view,
	       const struct gate_config *config)
{
	int r;

	*facts = (struct facts){ 0 };
	r = find_environment(facts, view->report);
	for (unsigned int i = 0; i < LIMITS_COUNT; i++)
		facts->totals[i] = scope_measure(view, "process", (enum limits_metric)i);
	for (uint32_t i = 0; i < view->report->processes.count && r == 0; i++) {
		r = add_live(facts, view, i);
		if (r == 0)
			r = judge_series(facts, view, config, i);
	}
	return r < 0 ? r : facts_add_cycles(facts, view);
}

static const struct facts_growth *find_growth(const struct facts *facts, uint64_t sig)
{
	for (size_t i = 0; i < facts->growth.count; i++)
		if (facts->growth.at[i].sig == sig)
			return &facts->growth.at[i];
	return NULL;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void facts_meet(struct facts *facts, const struct facts *other)
{
	size_t kept = 0;

	for (unsigned int i = 0; i < LIMITS_COUNT; i++)
		facts->totals[i] = smaller(facts->totals[i], other->totals[i]);
	facts->series = smaller(facts->series, other->series);
	/* Those that are not there hold nothing; the table stays as it is. */
	for (size_t i = 0; i < facts->live.count; i++) {
		struct fact *fact = &facts->live.at[i];
		const struct fact *same = facts_find(other, fact->sig);

		fact->live_bytes = smaller(fact->live_bytes, same ? same->live_bytes : 0);
		fact->live_blocks = smaller(fact->live_blocks, same ? same->live_blocks : 0);
	}
	for (size_t i = 0; i < facts->growth.count; i++) {
		struct facts_growth growth = facts->growth.at[i];
		const struct facts_growth *same = find_growth(other, growth.sig);

		if (!same)
			continue;
		if (same->slope < growth.slope) {
			growth.slope = same->slope;
			growth.first = same->first;
			growth.last = same->last;
			growth.iterations = same->iterations;
			growth.intervals = same->intervals;
		}
		facts->growth.at[kept++] = growth;
	}
	facts->growth.count = kept;
	facts_meet_cycles(facts, other);
}

void facts_fini(struct facts *facts)
{
	vec_fini(&facts->live);
	vec_fini(&facts->growth);
	vec_fini(&facts->cycles);
	hashmap_fini(&facts->by_sig);
	arena_fini(&facts->texts);
}
