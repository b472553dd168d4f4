/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks as exporters show them. */
#include "export/stacks.h"
#include "report/names.h"
#include "symbol/resolve.h"

int stacks_init(struct stacks *stacks, const struct export_job *job)
{
	*stacks = (struct stacks){ .job = job };
	stacks->several = !job->process && job->report->processes.count > 1;
	return places_view_init(&stacks->view, job->report, job->frames);
}

void stacks_fini(struct stacks *stacks)
{
	places_view_fini(&stacks->view);
	vec_fini(&stacks->path);
	vec_fini(&stacks->shown);
	idmap_fini(&stacks->ids);
}

bool stacks_has(const struct stacks *stacks, const struct report_process *process)
{
	return !stacks->job->process || stacks->job->process == process;
}

/* Does a stack with Python frames show this one?  The machinery of import says nothing. */
static bool is_shown(const struct stacks *stacks, uint32_t frame)
{
	bool python = stacks->job->report->frames.at[frame].kind == RESOLVE_PYTHON;

	switch (stacks->job->frames) {
	case REPORT_FRAMES_PYTHON:
		return python;
	case REPORT_FRAMES_NATIVE:
		return !python;
	case REPORT_FRAMES_MIXED:
	case REPORT_FRAMES_COUNT:
		break;
	}
	return stacks->view.classes[frame] != PLACES_SYSTEM &&
	       stacks->view.classes[frame] != PLACES_ENTRY;
}

static bool has_python(const struct report *report, uint32_t stack)
{
	for (; stack != REPORT_NONE; stack = report->stacks.at[stack].caller) {
		if (report->frames.at[report->stacks.at[stack].frame].kind == RESOLVE_PYTHON)
			return true;
	}
	return false;
}

/* Appends the frames of @stack, all or those that are shown beside Python. */
static int add_frames(struct stacks *stacks, uint32_t stack, bool all)
{
	const struct report *report = stacks->job->report;

	for (; stack != REPORT_NONE; stack = report->stacks.at[stack].caller) {
		uint32_t frame = report->stacks.at[stack].frame;
		int r = all || is_shown(stacks, frame) ? vec_push(&stacks->path, frame) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

int stacks_path(struct stacks *stacks, uint32_t stack)
{
	bool all = !has_python(stacks->job->report, stack);
	int r;

	vec_clear(&stacks->path);
	r = add_frames(stacks, stack, all);
	return r == 0 && !stacks->path.count && !all ? add_frames(stacks, stack, true) : r;
}

int stacks_number(struct stacks *stacks, uint32_t stack, uint32_t *ret_number)
{
	uint32_t at = 0;
	int r = stacks_path(stacks, stack);

	for (size_t i = stacks->path.count; i-- > 0 && r >= 0;) {
		uint32_t frame = stacks->path.at[i];
		uint32_t id;

		r = idmap_add(&stacks->ids, idmap_pair(at, frame), (uint32_t)stacks->shown.count,
			      &id);
		if (r == 1)
			r = vec_push(&stacks->shown, (struct report_stack){ at, frame });
		if (r >= 0)
			at = id + 1;
	}
	*ret_number = at;
	return r < 0 ? r : 0;
}

const char *stacks_string(const struct stacks *stacks, uint32_t id)
{
	return id == REPORT_NONE ? "" : intern_get(&stacks->job->report->strings, id);
}

void stacks_label(const struct stacks *stacks, uint32_t frame, struct strbuf *out)
{
	const struct report_frame *at = &stacks->job->report->frames.at[frame];

	strbuf_adds(out, stacks_string(stacks, at->function));
	if (at->file == REPORT_NONE)
		return;
	strbuf_addf(out, " (%s", names_base(stacks_string(stacks, at->file)));
	if (at->line)
		strbuf_addf(out, ":%u", at->line);
	strbuf_addc(out, ')');
}

void stacks_process(const struct report_process *process, struct strbuf *out)
{
	strbuf_addf(out, "%s %u", names_base(process->exe), process->pid);
}

uint64_t stacks_cost(const struct report_site *site, enum export_cost cost)
{
	switch (cost) {
	case EXPORT_LIVE:
		return site->live_bytes;
	case EXPORT_ALLOCATED:
		return site->bytes;
	case EXPORT_PEAK:
	case EXPORT_COST_COUNT:
		break;
	}
	return site->peak_bytes;
}
