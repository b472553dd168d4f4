/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thread-local memory of modules: how much there is, and where that of allocators lies,
 * whose words say nothing.
 */
#ifndef ANALYSIS_TLS_H
#define ANALYSIS_TLS_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/target.h"

#define TLS_PARTS 8u

/** struct tls_part - what the linker knows by @number, in each thread */
struct tls_part {
	uint32_t number;
	uint64_t bytes;
};

/**
 * struct tls - all zero is empty
 * @bytes:   of all modules, at most
 * @modules: that have some
 * @parts:   of allocators, @count of them
 */
struct tls {
	uint64_t bytes;
	uint32_t modules;
	size_t count;
	struct tls_part parts[TLS_PARTS];
};

/** tls_add() - of the next module, in the order in which they were loaded */
void tls_add(struct tls *tls, const Elf64_Phdr *header, bool is_allocator);

struct tls_span {
	uint64_t start;
	uint64_t end;
};

/**
 * tls_find() - where those of allocators lie in a thread, in order of addresses
 * @self: its pthread_self()
 *
 * Return: how many.
 */
size_t tls_find(const struct tls *tls, const struct target *target, uint64_t self,
		struct tls_span ret_spans[TLS_PARTS]);

/** tls_table() - address of the linker's table of them, 0: not known */
uint64_t tls_table(const struct target *target, uint64_t self);

#endif /* ANALYSIS_TLS_H */
