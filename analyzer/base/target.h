/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that stands still: how its memory is read, its threads, its map.
 * Plain data between who stops it (input/) and who looks into it (analysis/).
 */
#ifndef BASE_TARGET_H
#define BASE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tenure/wire.h"

#define TARGET_REGS TENURE_SCAN_REGS

/**
 * struct target_thread - one thread
 * @asking:  it is the one that asked for the scan, and waits
 * @stopped: it stands still, and @sp, @self, @regs are known
 * @in_hook: it was stopped inside the shim or the allocator
 * @asleep:  it sleeps in a signal handler of the shim
 * @signal:  was on its way to it
 * @self:    its pthread_self(), 0: not known
 */
struct target_thread {
	uint32_t tid;
	bool asking;
	bool stopped;
	bool in_hook;
	bool asleep;
	int signal;
	uint32_t regs_count;
	uint64_t sp;
	uint64_t self;
	uint64_t regs[TARGET_REGS];
};

/** struct target_map - one line of its map, in order of addresses; @stack: of its first thread */
struct target_map {
	uint64_t start;
	uint64_t end;
	bool readable;
	bool writable;
	bool shared;
	bool file;
	bool stack;
};

/**
 * struct target - valid during the call it comes with
 * @read:    copy @bytes from @addr to @to.  Return: bytes copied, fewer where
 *           something cannot be read
 * @is_untouched: nobody has written there yet, so it is zero; false also where that is not known.
 *           From several threads, as @read
 * @release: its memory is not needed any longer: it may go on.  @read fails from then on
 * @is_gone: it went on by itself while its memory was read: what was found is void
 * @finish:  end the image for the listener, who sees no more of it: for a report
 * @since_ns: when it began to stand still, CLOCK_MONOTONIC
 * @direct:  memory is read with process_vm_readv(2), not through a descriptor
 * @lossy:   events have been lost: there may be blocks that nobody knows
 * @stack:   of the asking thread, a node
 * @signal:  with TENURE_MOMENT_SIGNAL; @name, @stamp: with TENURE_MOMENT_MARK, of the mark
 * @own:     memory of the shim's, in any order
 * @nodes:   ids below @nodes_count, unchecked
 * @result:  descriptor that what was found is written to
 * @report:  descriptor for a whole report as of now, -1: none is wanted
 */
struct target {
	size_t (*read)(void *arg, uint64_t addr, void *to, size_t bytes);
	bool (*is_untouched)(void *arg, uint64_t addr, uint64_t bytes);
	void (*release)(void *arg);
	bool (*is_gone)(void *arg);
	void (*finish)(void *arg);
	void *arg;
	uint64_t since_ns;
	bool direct;
	bool lossy;
	uint32_t moment; /* enum tenure_moment */
	uint32_t stack;
	uint32_t signal;
	const char *name;
	uint64_t stamp;
	const struct target_thread *threads;
	size_t threads_count;
	const struct target_map *maps;
	size_t maps_count;
	const struct tenure_scan_own *own;
	size_t own_count;
	const struct tenure_node *nodes;
	uint32_t nodes_count;
	int result;
	int report;
};

#endif /* BASE_TARGET_H */
