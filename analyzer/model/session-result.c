/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a session: models to plain data. */
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "state.h"

static void note(struct session *session, const char *text)
{
	session_note(session, text, strlen(text));
}

static void end_trust(struct session *session, const struct image_end *end)
{
	struct result_trust *trust = &session->result.trust;
	const struct tenure_shared *shared = end->shared;

	for (size_t i = 0; i < ARRAY_SIZE(trust->lost); i++)
		trust->lost[i] = shared->lost[i];
	trust->truncated = shared->truncated;
	trust->guessed = shared->guessed;
	trust->folded = shared->folded;
	trust->bad_bytes += end->bad_bytes;
	trust->missing_chunks = end->missing_chunks;
	if (shared->off) {
		trust->off_reason = arena_string(&session->arena, shared->off_reason,
						 sizeof(shared->off_reason));
		if (!trust->off_reason)
			session->no_memory = true;
	}
	if (end->how == IMAGE_CUT)
		note(session, "the capture file is cut: what follows the cut is missing");
	if (end->forced)
		note(session,
		     "events of a thread that was stopped for long were put in order late");
}

void session_end(struct session *session, const struct image_end *end)
{
	if (session->ended)
		return;
	session->ended = true;
	session->how = end->how;
	session->result.stream_bytes = end->stream_bytes;
	session->result.end_status = end->status;
	if (end->end_stamp > session->now)
		session->now = end->end_stamp;
	if (session_is_rate(end->ns_per_tick))
		session->info.ns_per_tick = end->ns_per_tick;
	end_trust(session, end);

	/* Exact size: there may be millions. */
	if (!end->nodes_count)
		return;
	session->nodes.at = malloc(end->nodes_count * sizeof(*session->nodes.at));
	if (!session->nodes.at) {
		session->no_memory = true;
		return;
	}
	memcpy(session->nodes.at, end->nodes, end->nodes_count * sizeof(*session->nodes.at));
	session->nodes.count = session->nodes.space = end->nodes_count;
}

void session_view(const struct session *session, struct session_view *ret_view)
{
	const struct result_trust *trust = &session->result.trust;
	const struct result_python *python = python_seen(session->python);

	*ret_view = (struct session_view){
		.heap = &session->heap,
		.sites = &session->sites,
		.maps = &session->maps,
		.breaks = session->breaks.at,
		.breaks_count = session->breaks.count,
		.modules = session->modules.all.at,
		.modules_count = session->modules.all.count,
		.partial = session->info.flags & TENURE_HELLO_FORKED ||
			   session->info.sample_bytes || session->stopped || session->late ||
			   trust->unmatched || trust->bad_bytes || session->no_memory,
	};
	if (python)
		ret_view->python =
			(struct session_python){ python->minor, python->start, python->end };
}

void session_give_leaks(struct session *session, const struct result_leaks *leaks)
{
	session->result.leaks = leaks;
}

void session_give_looks(struct session *session, const struct result_leaks *const *looks,
			size_t count)
{
	session->result.looks = looks;
	session->result.looks_count = count;
}

void session_give_held(struct session *session, const struct result_leaks *held)
{
	session->result.held = held;
}

void session_exited(struct session *session, enum result_end end, int status)
{
	if (session->how == IMAGE_EXEC)
		return;
	if (end == RESULT_END_EXIT)
		session->how = IMAGE_EXITED;
	else if (end == RESULT_END_SIGNAL)
		session->how = IMAGE_SIGNALLED;
	else
		return;
	session->result.end_status = status;
}

static void finish_end(struct session *session)
{
	struct result_process *result = &session->result;

	switch (session->how) {
	case IMAGE_EXITED:
		result->end = RESULT_END_EXIT;
		break;
	case IMAGE_SIGNALLED:
		result->end = RESULT_END_SIGNAL;
		break;
	case IMAGE_EXEC:
		result->end = RESULT_END_EXEC;
		break;
	case IMAGE_RUNNING:
		result->end = RESULT_END_RUNNING;
		break;
	case IMAGE_UNKNOWN:
	case IMAGE_CUT:
		result->end = RESULT_END_UNKNOWN;
		break;
	}
	/* Nobody saw it end, but it said itself that it was about to. */
	if (result->end == RESULT_END_UNKNOWN && session->how == IMAGE_UNKNOWN &&
	    session->exit_seen) {
		result->end = RESULT_END_EXIT;
		result->end_status = session->exit_status & 0xff;
	}
}

static int finish_sites(struct session *session)
{
	struct result_process *result = &session->result;
	const struct heap *heap = &session->heap;

	session->site_results = sites_result(&session->sites);
	session->mapped_results = sites_result(&session->maps.sites);
	if ((session->sites.count && !session->site_results) ||
	    (session->maps.sites.count && !session->mapped_results))
		return -1;

	for (size_t i = 0; i < heap_slots(heap); i++) {
		const struct heap_block *block = heap_at(heap, i);
		struct sampling_weight weight;
		struct result_site *site;
		unsigned int generation;

		if (!block)
			continue;
		site = &session->site_results[block->site];
		generation = session_generation(session, block);
		weight = session_weight(session, block);
		site->alive[generation] += weight.blocks;
		site->alive_bytes[generation] += weight.bytes;
		if (generation < RESULT_GENERATIONS - 1)
			continue;
		site->survived_bytes += weight.bytes;
		session->threads.all.at[block->thread].result.survived_blocks += weight.blocks;
		session->threads.all.at[block->thread].result.survived_bytes += weight.bytes;
	}
	for (uint32_t i = 0; session->sampling.mean && i < session->sites.count; i++)
		session->site_results[i].errors =
			sampling_result(&session->sampling, i, session->sites.peak_number);
	for (uint32_t i = 0; i < session->sites.count; i++)
		python_collected(session->python, i, &session->site_results[i].collected_blocks,
				 &session->site_results[i].collected_bytes);
	result->sites = session->site_results;
	result->sites_count = session->sites.count;
	result->mapped = session->mapped_results;
	result->mapped_count = session->maps.sites.count;
	return 0;
}

static int finish_threads(struct session *session)
{
	struct result_process *result = &session->result;

	for (size_t i = 0; i < session->threads.all.count; i++) {
		threads_touch(&session->threads.all.at[i], session->sites.peak_number);
		if (vec_push(&session->thread_results, session->threads.all.at[i].result) < 0)
			return -1;
	}
	result->threads = session->thread_results.at;
	result->threads_count = session->thread_results.count;
	return 0;
}

static void add_site(struct result_type *type, const struct result_site *site)
{
	type->allocations += site->allocations;
	type->bytes += site->bytes;
	type->live_blocks += site->live_blocks;
	type->live_bytes += site->live_bytes;
	type->peak_blocks += site->peak_blocks;
	type->peak_bytes += site->peak_bytes;
	type->collected_blocks += site->collected_blocks;
	type->collected_bytes += site->collected_bytes;
	type->survived_bytes += site->survived_bytes;
	for (unsigned int i = 0; i < RESULT_GENERATIONS; i++) {
		type->died[i] += site->died[i];
		type->alive[i] += site->alive[i];
		type->alive_bytes[i] += site->alive_bytes[i];
	}
}

/* Types that the provider told; several of its types may have one name. */
static int finish_python_types(struct session *session)
{
	const struct result_python *python = session->result.python;

	for (uint32_t i = 0; python && i < session->sites.count; i++) {
		const struct result_site *site = &session->site_results[i];
		const char *name = site->type < python->types_count ? python->types[site->type]
								    : NULL;
		uint32_t index;

		if (!site->type || !name)
			continue;
		index = types_name(&session->types, &session->arena, name, strlen(name));
		if (index == TYPES_NONE)
			continue;
		while (session->type_results.count <= index) {
			struct result_type fresh = session->types.all.at[index].result;

			if (vec_push(&session->type_results, fresh) < 0)
				return -1;
		}
		add_site(&session->type_results.at[index], site);
	}
	session->result.types = session->type_results.at;
	session->result.types_count = session->type_results.count;
	return 0;
}

static int finish_types(struct session *session)
{

	for (size_t i = 0; i < session->types.all.count; i++) {
		const struct type_state *state = &session->types.all.at[i];
		struct result_type type = state->result;

		if (state->peak_number != session->sites.peak_number) {
			type.peak_bytes = type.live_bytes;
			type.peak_blocks = type.live_blocks;
		}
		if (vec_push(&session->type_results, type) < 0)
			return -1;
	}
	return finish_python_types(session);
}

static void finish_totals(struct session *session)
{
	struct result_totals *totals = &session->result.totals;

	totals->allocated_bytes = session->clock;
	for (unsigned int i = 0; i < RESULT_GENERATIONS; i++)
		totals->freed_bytes += totals->died_bytes[i];
	totals->live_blocks = session->sites.live_blocks;
	totals->live_bytes = session->sites.live_bytes;
	totals->peak_bytes = session->sites.peak_bytes;
	totals->peak_blocks = session->sites.peak_blocks;
	totals->peak_stamp = session->sites.peak_stamp;
	totals->mapped_peak_bytes = session->maps.sites.peak_bytes;
	totals->mapped_live_bytes = session->maps.sites.live_bytes;
	totals->mapped_file_bytes = session->maps.file_bytes;
}

static void finish_python_end(struct session *session)
{
	const struct result_python *python = session->result.python;
	const struct python_native_memory memory = session_alive(session);
	const struct python_native_code code = {
		.nodes = session->nodes.at,
		.nodes_count = session->nodes.count,
		.start = python ? python->start : 0,
		.end = python ? python->end : 0,
	};

	session->result.python_end = python_end_finish(&session->python_end, &memory, &code);
}

static void finish_trust(struct session *session)
{
	struct result_trust *trust = &session->result.trust;
	bool is_complete = !trust->off_reason && !trust->unmatched && !trust->bad_bytes &&
			   !trust->missing_chunks && !session->stopped && !session->no_memory &&
			   session->ended && session->how != IMAGE_CUT;

	for (size_t i = 0; i < ARRAY_SIZE(trust->lost); i++)
		is_complete = is_complete && !trust->lost[i];
	/* Whoever comes up describes itself; the shim says why not only if it can. */
	if (session->result.events == 0) {
		is_complete = false;
		note(session, "the process connected, but could not record anything");
	}
	if (session->no_memory)
		note(session,
		     "the analyzer ran out of memory: later events are not in the figures");
	trust->complete = is_complete;
	trust->notes = session->notes.at;
	trust->notes_count = session->notes.count;
}

const struct result_process *session_finish(struct session *session)
{
	struct result_process *result = &session->result;
	struct result_moment level = session_level(session);
	int series;

	if (session->finished)
		return result;
	result->python = python_finish(session->python);
	result->containers = session->containers.at;
	result->containers_count = session->containers.count;
	/* Of arenas of the parent, or made while recording was off, nobody has told. */
	if (!(session->info.flags & TENURE_HELLO_FORKED) && !session->late)
		result->arenas = arenas_finish(&session->arenas, session->sites.peak_number);
	result->cycles = cycles_finish(session->cycles);
	if (!result->cycles)
		return NULL;
	if (!result->python)
		result->cycles = NULL;
	finish_python_end(session);
	if (finish_sites(session) < 0 || finish_threads(session) < 0 || finish_types(session) < 0)
		return NULL;
	finish_end(session);
	finish_totals(session);
	finish_trust(session);

	series = checkpoints_finish(&session->checkpoints);
	if (series < 0)
		return NULL;
	result->series = session->checkpoints.results.at;
	result->series_count = (size_t)series;
	result->timeline_count = timeline_finish(&session->timeline, session->now, &level);
	result->timeline = session->timeline.moments;
	result->pid = session->info.pid;
	result->ppid = session->info.ppid;
	result->image = session->info.image;
	result->forked = session->info.flags & TENURE_HELLO_FORKED;
	result->start_stamp = session->info.start_stamp;
	result->end_stamp = session->now;
	result->start_unix_ns = session->info.unix_ns;
	result->ns_per_tick = session->info.ns_per_tick;
	result->sample_bytes = session->info.sample_bytes;
	if (result->sample_bytes)
		result->errors = sampling_result(&session->sampling, UINT32_MAX, 0);
	if (!result->exe)
		result->exe = "";
	if (!result->command)
		result->command = "\0";
	result->nodes = session->nodes.at;
	result->nodes_count = session->nodes.count;
	result->modules = session->modules.all.at;
	result->modules_count = session->modules.all.count;
	result->marks = session->marks.at;
	result->marks_count = session->marks.count;
	session->finished = true;
	return result;
}
