/* SPDX-License-Identifier: Apache-2.0 */
/* The listener of the fuzzers: what must hold of any result, whatever the input was. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "model/session.h"

static void require(int condition)
{
	if (!condition)
		abort();
}

static void *begun(void *arg, const struct image_info *info)
{
	(void)arg;
	return session_new(NULL, info);
}

static void events_came(void *image, const struct event *events, size_t count)
{
	session_feed(image, events, count);
}

static void memory_came(void *image, uint64_t stamp, uint64_t bytes)
{
	session_memory(image, stamp, bytes);
}

static void check_stacks(const struct result_process *result)
{
	for (size_t id = 1; id < result->nodes_count; id++)
		require(result->nodes[id].parent < id);
}

static void check(const struct result_process *result)
{
	uint64_t live = 0;
	uint64_t blocks = 0;
	uint64_t peak = 0;
	size_t text = 0;

	for (size_t i = 0; i < result->sites_count; i++) {
		const struct result_site *site = &result->sites[i];

		live += site->live_bytes;
		blocks += site->live_blocks;
		peak += site->peak_bytes;
		require(site->live_blocks + site->frees == site->allocations);
		require(site->alive[0] + site->alive[1] + site->alive[2] == site->live_blocks);
		require(site->max_bytes >= site->peak_bytes);
	}
	require(live == result->totals.live_bytes);
	require(blocks == result->totals.live_blocks);
	require(peak == result->totals.peak_bytes);
	require(result->timeline_count > 0);
	for (size_t i = 0; i < result->threads_count; i++)
		text += strlen(result->threads[i].name);
	for (size_t i = 0; i < result->modules_count; i++)
		text += strlen(result->modules[i].path) + strlen(result->modules[i].build_id);
	for (size_t i = 0; i < result->marks_count; i++)
		text += strlen(result->marks[i].name);
	for (size_t i = 0; i < result->types_count; i++)
		text += strlen(result->types[i].name);
	for (size_t i = 0; i < result->trust.notes_count; i++)
		text += strlen(result->trust.notes[i]);
	text += strlen(result->exe) + strlen(result->command);
	require(text != SIZE_MAX);
	check_stacks(result);
}

static void ended(void *image, const struct image_end *end)
{
	const struct result_process *result;

	session_end(image, end);
	result = session_finish(image);
	if (result)
		check(result);
	session_free(image);
}

const struct input_ops fuzz_ops = {
	.image_begun = begun,
	.events = events_came,
	.memory = memory_came,
	.image_ended = ended,
};
