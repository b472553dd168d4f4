/* SPDX-License-Identifier: Apache-2.0 */
/* The biggest containers: what is live of them, and where that comes from. */
#include "containers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tenure/wire-python.h"

/* Return: whether it is one, which all of its blocks must be known for. */
static bool look_up(const struct heap *heap, const struct tenure_py_container *from,
		    struct result_container *ret)
{
	const struct heap_block *own = heap_look(heap, from->block & HEAP_ADDR_MASK);
	const struct heap_block *side = from->side ? heap_look(heap, from->side & HEAP_ADDR_MASK)
						   : NULL;

	if (!own)
		return false;
	*ret = (struct result_container){
		.site = own->site,
		.side_site = side ? side->site : RESULT_SITE_NONE,
		.length = from->length,
		.bytes = heap_bytes(own) + (side ? heap_bytes(side) : 0) + from->pieces,
	};
	return true;
}

static int by_bytes(const void *a, const void *b)
{
	const struct result_container *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return x->site < y->site ? -1 : x->site > y->site;
}

int containers_feed(struct containers *containers, const struct event *event,
		    const struct heap *heap, uint64_t heap_bytes)
{
	struct result_containers now = { .stamp = event->stamp, .heap_bytes = heap_bytes };
	struct tenure_py_containers head;

	if (event->bytes < sizeof(head))
		return -EINVAL;
	memcpy(&head, event->payload, sizeof(head));
	if (head.count > TENURE_PY_CONTAINERS_MAX ||
	    event->bytes - sizeof(head) < head.count * sizeof(struct tenure_py_container))
		return -EINVAL;
	now.is_end = head.moment != 0;
	now.partial = head.partial != 0;
	for (uint32_t i = 0; i < head.count; i++) {
		struct tenure_py_container container;

		memcpy(&container, event->payload + sizeof(head) + i * sizeof(container),
		       sizeof(container));
		now.count += look_up(heap, &container, &now.items[now.count]);
	}
	if (now.count)
		qsort(now.items, now.count, sizeof(now.items[0]), by_bytes);

	if (!containers->count || now.heap_bytes > containers->at[0].heap_bytes)
		containers->at[0] = now;
	containers->at[1] = now;
	containers->count = containers->at[0].stamp == now.stamp ? 1 : 2;
	return 0;
}
