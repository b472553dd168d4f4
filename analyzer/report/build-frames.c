/* SPDX-License-Identifier: Apache-2.0 */
/* Stack nodes to frames of the document, each looked up once. */
#include "base/err.h"
#include "report/build.h"
#include "report/report.h"

static int string_or_none(struct report *report, const char *text, uint32_t *ret_id)
{
	if (text)
		return report_string(report, text, ret_id);
	*ret_id = REPORT_NONE;
	return 0;
}

static int add_frame(struct report *report, const struct resolve_frame *from, uint32_t *ret_id)
{
	struct report_frame frame = { .line = from->line,
				      .address = from->line ? 0 : from->addr,
				      .kind = (uint8_t)from->kind,
				      .named = from->named,
				      .inlined = from->inlined };
	int r = report_string(report, from->function, &frame.function);

	if (r == 0)
		r = string_or_none(report, from->file, &frame.file);
	if (r == 0)
		r = string_or_none(report, from->module, &frame.module);
	return r == 0 ? report_add_frame(report, &frame, ret_id) : r;
}

/* Processes that share a file share the resolver's frames. */
static int frame_of(struct report *report, const struct resolve_frame *from, uint32_t *ret_id)
{
	uint32_t id;
	int r;

	if (from->id == 0)
		return add_frame(report, from, ret_id);
	id = idmap_find(&report->resolved_ids, from->id);
	if (id != UINT32_MAX) {
		*ret_id = id;
		return 0;
	}
	r = add_frame(report, from, &id);
	if (r == 0)
		r = idmap_add(&report->resolved_ids, from->id, id, ret_id);
	return r < 0 ? r : 0;
}

static int find_frames(struct build *build, uint32_t node, uint32_t generation)
{
	const struct resolve_frame *frames;
	uint32_t first = (uint32_t)build->frames.count;
	int count =
		resolve_node(build->resolve, build->result->nodes[node].word, generation, &frames);
	int r = count < 0 ? count : vec_push(&build->frames, (uint32_t)count);

	while (r == 0 && count-- > 0) {
		uint32_t id;

		r = frame_of(build->report, &frames[count], &id);
		if (r == 0)
			r = vec_push(&build->frames, id);
	}
	if (r == 0)
		build->frames_of[node] = first + 1;
	return r;
}

int build_push_node(struct build *build, uint32_t node, uint32_t generation, uint32_t *stack)
{
	size_t at;
	int r = build->frames_of[node] ? 0 : find_frames(build, node, generation);

	if (r < 0)
		return r;
	at = build->frames_of[node] - 1;
	for (uint32_t left = build->frames.at[at]; left > 0 && r == 0; left--)
		r = report_add_stack(build->report, *stack, build->frames.at[++at], stack);
	return r;
}
