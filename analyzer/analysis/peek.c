/* SPDX-License-Identifier: Apache-2.0 */
/* A cache of pages, each in the one place where it can be. */
#include "peek.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define PAGE  4096u
#define PAGES 1024u

/* @number: of the page plus one, 0: none; @there: it can be read */
struct page {
	uint64_t number;
	bool there;
	uint8_t bytes[PAGE] __attribute__((aligned(8)));
};

struct peek {
	const struct target *target;
	struct page pages[PAGES];
};

struct peek *peek_new(const struct target *target)
{
	struct peek *peek = calloc(1, sizeof(*peek));

	if (peek)
		peek->target = target;
	return peek;
}

struct peek *peek_free(struct peek *peek)
{
	free(peek);
	return NULL;
}

static const struct page *get_page(struct peek *peek, uint64_t number)
{
	struct page *page = &peek->pages[number % PAGES];

	if (page->number != number + 1) {
		const struct target *target = peek->target;

		page->number = number + 1;
		page->there = target->read(target->arg, number * PAGE, page->bytes, PAGE) == PAGE;
	}
	return page;
}

bool peek_bytes(struct peek *peek, uint64_t addr, void *to, size_t bytes)
{
	uint8_t *at = to;

	while (bytes > 0) {
		const struct page *page = get_page(peek, addr / PAGE);
		size_t from = addr % PAGE;
		size_t count = PAGE - from < bytes ? PAGE - from : bytes;

		if (!page->there)
			return false;
		memcpy(at, page->bytes + from, count);
		at += count;
		addr += count;
		bytes -= count;
	}
	return true;
}

size_t peek_text(struct peek *peek, uint64_t addr, char *to, size_t room)
{
	size_t count = 0;

	while (count + 1 < room && peek_bytes(peek, addr + count, to + count, 1) && to[count])
		count++;
	to[count] = '\0';
	return count;
}
