/* SPDX-License-Identifier: Apache-2.0 */
/* Large arrays, and those that wait to be used again. */
#include "huge.h"

#include <stdlib.h>
#include <string.h>

#define LARGE_BYTES ((size_t)1 << 20) /* from here on it is worth it */
#define SPARE_MAX   16u

/* Before each array.  @base: what was mapped, NULL: it is calloc()'s; @bytes: of the array at most
 */
struct head {
	void *base;
	size_t mapped;
	size_t bytes;
	uint64_t unused[5]; /* arrays begin with a cache line */
};

/* Not in use, in no order. */
static struct head *spare[SPARE_MAX];
static size_t spare_count;

/* The smallest that is large enough. */
static struct head *reuse(size_t bytes)
{
	size_t best = spare_count;
	struct head *head;

	for (size_t i = 0; i < spare_count; i++)
		if (spare[i]->bytes >= bytes &&
		    (best == spare_count || spare[i]->bytes < spare[best]->bytes))
			best = i;
	if (best == spare_count)
		return NULL;
	head = spare[best];
	spare[best] = spare[--spare_count];
	memset(head + 1, 0, bytes);
	return head;
}

static struct head *map(size_t bytes)
{
	size_t whole = ((sizeof(struct head) + bytes + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
	char *base = mmap(NULL, whole + HUGE_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct head *head;

	if (base == MAP_FAILED)
		return NULL;
	head = (void *)(((uintptr_t)base + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
	huge_hint(head, whole);
	head->base = base;
	head->mapped = whole + HUGE_PAGE;
	head->bytes = whole - sizeof(*head);
	return head;
}

void *huge_take(size_t count, size_t bytes)
{
	struct head *head;

	if (__builtin_mul_overflow(count, bytes, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	if (bytes < LARGE_BYTES)
		head = calloc(1, sizeof(*head) + bytes);
	else
		head = reuse(bytes);
	if (!head && bytes >= LARGE_BYTES)
		head = map(bytes);
	return head ? head + 1 : NULL;
}

void *huge_give(void *array)
{
	struct head *head = array;

	if (!head)
		return NULL;
	head--;
	if (!head->base)
		free(head);
	else if (spare_count < SPARE_MAX)
		spare[spare_count++] = head;
	else
		(void)munmap(head->base, head->mapped);
	return NULL;
}
