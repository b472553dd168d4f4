/* SPDX-License-Identifier: Apache-2.0 */
/* The end of user code: leaks found then, and what each site held. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints.h"
#include "python-end.h"

void python_end_fini(struct python_end *end)
{
	free((void *)(uintptr_t)end->result.levels);
	vec_fini(&end->leaks);
	vec_fini(&end->doubts);
	python_native_fini(&end->native);
	idmap_fini(&end->by_site);
}

static int add(struct python_end *end, const struct tenure_py_leak *leak,
	       const struct heap_block *block)
{
	const struct result_python_leak fresh = { .kind = leak->kind, .site = block->site };
	struct result_python_leak *to;
	uint32_t index;
	int r = idmap_add(&end->by_site, idmap_pair(leak->kind, block->site),
			  (uint32_t)end->leaks.count, &index);

	if (r == 1)
		r = vec_push(&end->leaks, fresh);
	if (r < 0)
		return r;
	to = &end->leaks.at[index];
	to->objects++;
	to->bytes += heap_bytes(block);
	to->references += leak->references;
	if (leak->kind != TENURE_PY_LEAK_EXCESS ||
	    !python_native_has(&end->native, leak->address & HEAP_ADDR_MASK))
		return 0;
	return vec_push(&end->doubts, (struct python_end_doubt){
					      .object = leak->address & HEAP_ADDR_MASK,
					      .bytes = heap_bytes(block),
					      .leak = index,
					      .references = leak->references,
				      });
}

int python_end_leaks(struct python_end *end, const struct event *event,
		     const struct python_native_memory *memory)
{
	struct tenure_py_leak leak;

	if (event->bytes % sizeof(leak))
		return -EINVAL;
	python_native_locate(&end->native, memory);
	for (uint64_t at = 0; at < event->bytes; at += sizeof(leak)) {
		const struct heap_block *block;
		int r;

		memcpy(&leak, event->payload + at, sizeof(leak));
		if (leak.kind >= RESULT_PYTHON_LEAKS)
			continue; /* of a later version */
		block = heap_look(memory->heap, leak.address & HEAP_ADDR_MASK);
		r = block ? add(end, &leak, block) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

int python_end_reached(struct python_end *end, const struct sites *sites, uint64_t stamp)
{
	struct result_point point = { .stamp = stamp };

	/* An interpreter that is started again has another end: the last one counts. */
	if (checkpoints_snapshot(sites, &point) < 0)
		return -ENOMEM;
	free((void *)(uintptr_t)end->result.levels);
	end->result.stamp = stamp;
	end->result.heap_bytes = sites->live_bytes;
	end->result.heap_blocks = sites->live_blocks;
	end->result.levels = point.levels;
	end->result.levels_count = point.levels_count;
	end->seen = true;
	return 0;
}

static void explain(struct python_end *end, const struct python_end_doubt *doubt, uint64_t found)
{
	struct result_python_leak *leak = &end->leaks.at[doubt->leak];

	if (!found)
		return;
	end->result.held_objects++;
	if (found < doubt->references) {
		leak->references -= found;
		return;
	}
	leak->references -= doubt->references;
	leak->bytes -= doubt->bytes;
	leak->objects--;
}

const struct result_python_end *python_end_finish(struct python_end *end,
						  const struct python_native_memory *memory,
						  const struct python_native_code *code)
{
	size_t count = 0;

	if (!end->seen)
		return NULL;
	for (size_t i = 0; i < end->doubts.count; i++) {
		const struct python_end_doubt *doubt = &end->doubts.at[i];

		explain(end, doubt, python_native_count(&end->native, doubt->object, memory, code));
	}
	for (size_t i = 0; i < end->leaks.count; i++)
		if (end->leaks.at[i].objects)
			end->leaks.at[count++] = end->leaks.at[i];
	end->leaks.count = count;
	vec_clear(&end->doubts);
	end->result.leaks = end->leaks.at;
	end->result.leaks_count = end->leaks.count;
	return &end->result;
}
