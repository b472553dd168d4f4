/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thread-local memory of modules.
 *
 * Modules that are there when a program starts are numbered in the order in which
 * they were loaded, those that have none left out; each thread has a table
 * of where theirs begins, which is below its descriptor.
 */
#include "tls.h"

#define ENTRY_BYTES 16u

void tls_add(struct tls *tls, const Elf64_Phdr *header, bool is_allocator)
{
	tls->bytes += header->p_memsz + header->p_align;
	tls->modules++;
	if (is_allocator && tls->count < TLS_PARTS)
		tls->parts[tls->count++] = (struct tls_part){ tls->modules, header->p_memsz };
}

static uint64_t read_word(const struct target *target, uint64_t addr)
{
	uint64_t word;

	return target->read(target->arg, addr, &word, sizeof(word)) == sizeof(word) ? word : 0;
}

uint64_t tls_table(const struct target *target, uint64_t self)
{
	return self ? read_word(target, self + 8) : 0;
}

static void insert(struct tls_span *spans, size_t count, struct tls_span span)
{
	for (; count > 0 && spans[count - 1].start > span.start; count--)
		spans[count] = spans[count - 1];
	spans[count] = span;
}

size_t tls_find(const struct tls *tls, const struct target *target, uint64_t self,
		struct tls_span ret_spans[TLS_PARTS])
{
	uint64_t table = tls_table(target, self);
	size_t count = 0;

	for (size_t i = 0; table && i < tls->count; i++) {
		const struct tls_part *part = &tls->parts[i];
		uint64_t start = read_word(target, table + (uint64_t)ENTRY_BYTES * part->number);

		/* What was loaded later lies elsewhere. */
		if (start < self - tls->bytes || start > self - part->bytes || start > self)
			continue;
		insert(ret_spans, count++,
		       (struct tls_span){ (start + 7) & ~7ull, (start + part->bytes) & ~7ull });
	}
	return count;
}
