/* SPDX-License-Identifier: Apache-2.0 */
/* The report document: its tables, its life, and what is summed over processes. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "report/report.h"

struct report *report_new(const char *version)
{
	struct report *report = calloc(1, sizeof(*report));

	if (!report)
		return NULL;
	report->generator = "tenure";
	report->version = report_text(report, version);
	report->cwd = "";
	report->hash_seed = "";
	report->host = "";
	report->gate.baseline = "";
	return report->version ? report : report_free(report);
}

/* Bytes of @text that are valid UTF-8 from its start. */
static size_t valid_bytes(const char *text)
{
	const char *at = text;

	while (*at) {
		const char *next = at;
		uint32_t code;

		if (utf8_next(&next, &code) == 0)
			break;
		at = next;
	}
	return (size_t)(at - text);
}

/* Appends @text with its bad bytes replaced. */
static void add_repaired(struct strbuf *out, const char *text)
{
	while (*text) {
		size_t valid = valid_bytes(text);

		strbuf_add(out, text, valid);
		text += valid;
		if (*text) {
			strbuf_adds(out, "\xef\xbf\xbd");
			text++;
		}
	}
}

const char *report_text(struct report *report, const char *text)
{
	struct strbuf repaired = { 0 };
	const char *copy = NULL;
	size_t length = strlen(text);

	if (valid_bytes(text) == length)
		return arena_string(&report->texts, text, length);

	add_repaired(&repaired, text);
	if (!repaired.failed)
		copy = arena_string(&report->texts, repaired.at, repaired.count);
	strbuf_fini(&repaired);
	return copy;
}

int report_string(struct report *report, const char *text, uint32_t *ret_id)
{
	struct strbuf repaired = { 0 };
	size_t length = strlen(text);
	int r;

	if (valid_bytes(text) == length)
		return intern_add(&report->strings, text, length, ret_id);

	add_repaired(&repaired, text);
	r = repaired.failed ? -ENOMEM
			    : intern_add(&report->strings, repaired.at, repaired.count, ret_id);
	strbuf_fini(&repaired);
	return r;
}

static bool is_same_frame(const struct report_frame *a, const struct report_frame *b)
{
	return a->function == b->function && a->file == b->file && a->module == b->module &&
	       a->line == b->line && a->address == b->address && a->kind == b->kind &&
	       a->named == b->named && a->inlined == b->inlined;
}

int report_add_frame(struct report *report, const struct report_frame *frame, uint32_t *ret_id)
{
	uint64_t hash = hash_u64((uint64_t)frame->function << 32 | frame->line) ^
			hash_u64((uint64_t)frame->file << 32 | frame->module) ^
			hash_u64(frame->address + 1);
	uint32_t id = (uint32_t)report->frames.count;
	int r;

	HASHMAP_EACH(&report->frame_ids, hash, index)
	{
		if (is_same_frame(&report->frames.at[index], frame)) {
			*ret_id = index;
			return 0;
		}
	}
	r = vec_push(&report->frames, *frame);
	if (r < 0)
		return r;
	r = hashmap_add(&report->frame_ids, hash, id);
	if (r < 0) {
		report->frames.count--;
		return r;
	}
	*ret_id = id;
	return 0;
}

int report_add_stack(struct report *report, uint32_t caller, uint32_t frame, uint32_t *ret_id)
{
	uint32_t id;
	int r = idmap_add(&report->stack_ids, idmap_pair(caller, frame),
			  (uint32_t)report->stacks.count, &id);

	if (r < 0)
		return r;
	if (r == 1) {
		r = vec_push(&report->stacks, (struct report_stack){ caller, frame });
		if (r < 0)
			return r;
	}
	*ret_id = id;
	return 0;
}

int report_set_session(struct report *report, const struct report_session *session)
{
	report->cwd = report_text(report, session->cwd ? session->cwd : "");
	report->host = report_text(report, session->host ? session->host : "");
	report->hash_seed = report_text(report, session->hash_seed ? session->hash_seed : "");
	if (!report->cwd || !report->host || !report->hash_seed)
		return -ENOMEM;
	report->start_unix_ns = session->start_unix_ns;
	report->duration_ns = session->duration_ns;
	report->end = session->end;

	for (const char *const *arg = session->command; arg && *arg; arg++) {
		const char *copy = report_text(report, *arg);

		if (!copy || vec_push(&report->command, copy) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct report_process *x = a, *y = b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return x->image < y->image ? -1 : x->image > y->image;
}

void report_sum(struct report *report)
{
	struct report_tree *tree = &report->tree;

	if (report->processes.count)
		qsort(report->processes.at, report->processes.count, sizeof(*report->processes.at),
		      by_start);
	*tree = (struct report_tree){ .complete = report->processes.count > 0 };

	for (size_t i = 0; i < report->processes.count; i++) {
		const struct report_process *process = &report->processes.at[i];
		const struct report_totals *totals = &process->totals;

		tree->complete &= process->trust.complete;
		tree->allocations += totals->allocations;
		tree->allocated_bytes += totals->allocated_bytes;
		tree->frees += totals->frees;
		tree->freed_bytes += totals->freed_bytes;
		tree->reallocs += totals->reallocs;
		tree->temporary += totals->temporary;
		tree->live_blocks += totals->live_blocks;
		tree->live_bytes += totals->live_bytes;
		if (i == 0 || totals->peak_bytes > tree->peak_bytes) {
			tree->peak_bytes = totals->peak_bytes;
			tree->peak_process = (uint32_t)i;
		}
	}
}

static void free_leaks(struct report_scan *scan, report_leaks *leaks)
{
	vec_fini(&scan->holders);
	for (size_t i = 0; i < leaks->count; i++) {
		vec_fini(&leaks->at[i].members);
		vec_fini(&leaks->at[i].links);
	}
	vec_fini(leaks);
}

static void free_held(report_helds *held)
{
	for (size_t i = 0; i < held->count; i++)
		vec_fini(&held->at[i].steps);
	vec_fini(held);
}

struct report *report_free(struct report *report)
{
	if (!report)
		return NULL;
	for (size_t i = 0; i < report->processes.count; i++) {
		struct report_process *process = &report->processes.at[i];

		vec_fini(&process->command);
		vec_fini(&process->trust.notes);
		vec_fini(&process->sites);
		vec_fini(&process->mapped);
		vec_fini(&process->threads);
		vec_fini(&process->timeline);
		vec_fini(&process->marks);
		for (size_t k = 0; k < process->checkpoints.count; k++) {
			vec_fini(&process->checkpoints.at[k].points);
			vec_fini(&process->checkpoints.at[k].rises);
		}
		vec_fini(&process->checkpoints);
		vec_fini(&process->types);
		vec_fini(&process->modules);
		vec_fini(&process->python.collections);
		for (size_t j = 0; j < process->python.containers.count; j++)
			vec_fini(&process->python.containers.at[j].items);
		vec_fini(&process->python.containers);
		cycles_fini(&process->cycles);
		vec_fini(&process->python.end.leaks);
		free_leaks(&process->scan, &process->leaks);
		for (size_t k = 0; k < process->looks.count; k++)
			free_leaks(&process->looks.at[k].scan, &process->looks.at[k].leaks);
		vec_fini(&process->looks);
		free_held(&process->held);
		free_held(&process->held_types);
		free_held(&process->held_objects);
	}
	vec_fini(&report->processes);
	vec_fini(&report->suppressions);
	vec_fini(&report->gate.violations);
	vec_fini(&report->gate.reasons);
	vec_fini(&report->gate.notes);
	vec_fini(&report->command);
	vec_fini(&report->frames);
	vec_fini(&report->stacks);
	intern_fini(&report->strings);
	hashmap_fini(&report->frame_ids);
	idmap_fini(&report->stack_ids);
	idmap_fini(&report->resolved_ids);
	intern_fini(&report->sig_texts);
	vec_fini(&report->sig_lines);
	vec_fini(&report->sig_python);
	arena_fini(&report->texts);
	free(report);
	return NULL;
}

const struct report_process *report_choose(const struct report *report, uint32_t pid)
{
	const struct report_process *best = NULL;

	if (!pid)
		return report->processes.count ? &report->processes.at[report->tree.peak_process]
					       : NULL;
	/* A pid has several images when it called exec(): the one that did most. */
	for (size_t i = 0; i < report->processes.count; i++) {
		const struct report_process *process = &report->processes.at[i];

		if (process->pid == pid &&
		    (!best || process->totals.peak_bytes > best->totals.peak_bytes))
			best = process;
	}
	return best;
}
