/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is alive by itself: data of modules, stacks, registers, thread-local
 * memory; and where not all blocks are known, every other writable page.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "graph.h"
#include "initial.h"
#include "range.h"
#include "rest.h"
#include "tls.h"

#define STACK_BYTES   65536u	  /* of calls inside the C library, at the end */
#define THREAD_BYTES  2560u	  /* of struct pthread from pthread_self() on; 2368 in glibc 2.36 */
#define TLS_SURPLUS   8192u	  /* static TLS beside that of the modules at start */
#define STACK_MAX     (64u << 20) /* of a stack whose end is not known */
#define HEADERS_MAX   64u
#define RED_ZONE      128u
#define UNWIND_FRAMES 32

/* @known: what has been looked at, or has nothing to say */
struct roots {
	struct graph *graph;
	rest_spans known;
	struct tls tls;
};

/* ------------------------------------------------------------------ modules */

/* Program headers of the module in memory.  Return: how many. */
static size_t read_headers(const struct graph *graph, const struct result_module *module,
			   Elf64_Phdr headers[HEADERS_MAX])
{
	const struct target *target = graph->target;
	Elf64_Ehdr head;
	size_t bytes;

	if (target->read(target->arg, module->start, &head, sizeof(head)) != sizeof(head) ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_phentsize != sizeof(Elf64_Phdr) || head.e_phnum > HEADERS_MAX)
		return 0;
	bytes = head.e_phnum * sizeof(Elf64_Phdr);
	return target->read(target->arg, module->start + head.e_phoff, headers, bytes) == bytes
		       ? head.e_phnum
		       : 0;
}

static int scan_module(struct roots *roots, uint32_t index, struct range *range)
{
	struct graph *graph = roots->graph;
	const struct result_module *module = &graph->view->modules[index];
	Elf64_Phdr headers[HEADERS_MAX];
	struct initial initial;
	size_t count;
	int r = 0;

	if (module->gone)
		return 0;
	range->starts_only = graph_is_libc(module);
	range->hidden = !range->starts_only;
	/* It keeps the ends of its own memory, where the program's may begin. */
	range->no_mapped = graph_is_linker(module);
	count = read_headers(graph, module, headers);
	initial_open(&initial, module->path);
	range->initial = &initial;
	for (size_t i = 0; i < count && r == 0; i++) {
		const Elf64_Phdr *header = &headers[i];

		if (header->p_type == PT_TLS)
			tls_add(&roots->tls, header, graph_is_allocator(module));
		if (header->p_type != PT_LOAD || !(header->p_flags & PF_W))
			continue;
		range->start = module->bias + header->p_vaddr;
		range->end = range->start + header->p_memsz;
		r = rest_known(&roots->known, range->start, range->end);
		if (graph_is_allocator(module) || r < 0)
			continue;
		r = graph_holder(
			graph,
			&(struct leaks_holder){ .kind = LEAKS_HOLDER_GLOBAL, .value = index },
			&range->holder);
		initial_segment(&initial, header, module->bias);
		if (r == 0)
			r = range_scan(graph, range);
	}
	initial_close(&initial);
	range->initial = NULL;
	return r;
}

/* ------------------------------------------------------------------ threads */

static const struct target_map *find_map(const struct target *target, uint64_t addr)
{
	for (size_t i = 0; i < target->maps_count; i++)
		if (addr - target->maps[i].start < target->maps[i].end - target->maps[i].start)
			return &target->maps[i];
	return NULL;
}

/* The return address into whoever called exit(): frames below it are the C library's own. */
static uint64_t find_caller(const struct graph *graph)
{
	const struct target *target = graph->target;
	uint32_t node = target->stack;
	bool in_libc = false;

	for (int i = 0; i < UNWIND_FRAMES && node && node < target->nodes_count; i++) {
		struct tenure_node at = target->nodes[node];
		const struct result_module *module;
		bool is_libc;

		if (TENURE_NODE_KIND(at.word) == TENURE_NODE_CALL) {
			module = graph_module(graph->view, TENURE_NODE_PC(at.word) - 1);
			is_libc = module && graph_is_libc(module);
			if (in_libc && !is_libc)
				return TENURE_NODE_PC(at.word);
			in_libc |= is_libc;
		} else if (TENURE_NODE_KIND(at.word) != TENURE_NODE_PAIR) {
			return 0;
		}
		if (at.parent >= node)
			return 0;
		node = at.parent;
	}
	return 0;
}

/* Where the living part of the asking thread's stack begins. */
static uint64_t skip_exit(const struct graph *graph, uint64_t sp, uint64_t end)
{
	const struct target *target = graph->target;
	uint64_t caller = find_caller(graph);
	uint64_t words[STACK_BYTES / 8];
	size_t bytes = end - sp < sizeof(words) ? end - sp : sizeof(words);
	size_t count;

	if (!caller)
		return sp;
	count = target->read(target->arg, sp, words, bytes) / 8;
	for (size_t i = 0; i < count; i++)
		if (words[i] == caller)
			return sp + 8 * i;
	return sp;
}

static int scan_registers(struct graph *graph, const struct target_thread *thread)
{
	const struct leaks_holder registers = { .kind = LEAKS_HOLDER_REGISTER,
						.value = thread->tid };
	uint32_t holder;
	int r = graph_holder(graph, &registers, &holder);

	for (uint32_t i = 0; i < thread->regs_count && r == 0; i++)
		r = graph_root(graph, thread->regs[i], holder, 0);
	return r;
}

/* Part of a thread's own memory: all but what allocators have there. */
static int scan_thread_range(struct roots *roots, const struct target_thread *thread,
			     const struct range *whole)
{
	struct graph *graph = roots->graph;
	struct tls_span spans[TLS_PARTS];
	size_t count = tls_find(&roots->tls, graph->target, thread->self, spans);
	struct range range = *whole;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		if (spans[i].start < range.start || spans[i].end > whole->end)
			continue;
		range.end = spans[i].start;
		r = range_scan(graph, &range);
		range.start = spans[i].end;
	}
	range.end = whole->end;
	return r < 0 ? r : range_scan(graph, &range);
}

static int scan_stack(struct roots *roots, const struct target_thread *thread)
{
	struct graph *graph = roots->graph;
	const struct target *target = graph->target;
	const struct target_map *map = find_map(target, thread->sp);
	const struct leaks_holder stack = { .kind = LEAKS_HOLDER_STACK, .value = thread->tid };
	struct range range = { .start = (thread->sp - RED_ZONE) & ~7ull };
	int r = graph_holder(graph, &stack, &range.holder);

	range.end = map ? map->end : thread->sp + STACK_MAX;
	/* The stack of a thread ends where its descriptor begins. */
	if (thread->self > thread->sp && thread->self < range.end)
		range.end = thread->self + THREAD_BYTES < range.end ? thread->self + THREAD_BYTES
								    : range.end;
	if (thread->asking)
		range.start = skip_exit(graph, thread->sp & ~7ull, range.end);
	/* What lies below is over. */
	if (r == 0)
		r = rest_known(&roots->known, map && map->stack ? map->start : range.start,
			       range.end);
	return r < 0 ? r : scan_thread_range(roots, thread, &range);
}

static int scan_tls(struct roots *roots, const struct target_thread *thread)
{
	struct graph *graph = roots->graph;
	const struct target *target = graph->target;
	const struct target_map *map = find_map(target, thread->self);
	const struct leaks_holder tls = { .kind = LEAKS_HOLDER_TLS, .value = thread->tid };
	struct range range = { .start = thread->self - roots->tls.bytes - TLS_SURPLUS,
			       .end = thread->self + THREAD_BYTES };
	uint64_t table = tls_table(target, thread->self);
	int r;

	if (!thread->self)
		return 0;
	r = graph_holder(graph, &tls, &range.holder);
	if (map && range.start < map->start)
		range.start = map->start;
	if (map && range.end > map->end)
		range.end = map->end;
	if (r == 0)
		r = scan_thread_range(roots, thread, &range);
	/* The linker's table of thread-local blocks, which is known by its second entry. */
	if (r == 0 && table)
		r = graph_root(graph, table - 16, range.holder, thread->self + 8);
	return r;
}

static int scan_threads(struct roots *roots, struct result_leaks *leaks)
{
	struct graph *graph = roots->graph;
	const struct target *target = graph->target;
	int r = 0;

	for (size_t i = 0; i < target->threads_count && r == 0; i++) {
		const struct target_thread *thread = &target->threads[i];

		leaks->threads++;
		leaks->asleep += thread->asleep;
		if (!thread->stopped) {
			leaks->unstopped++;
			continue;
		}
		r = scan_registers(graph, thread);
		if (r == 0)
			r = scan_stack(roots, thread);
		if (r == 0)
			r = scan_tls(roots, thread);
	}
	return r;
}

/* ------------------------------------------------------------------ together */

/* Blocks that are not ours to judge, and may hold others. */
static int add_special(struct graph *graph, uint8_t head, uint32_t kind)
{
	uint32_t holder;
	int r = graph_holder(graph, &(struct leaks_holder){ .kind = kind }, &holder);

	for (uint32_t i = 0; i < graph->blocks.count && r == 0; i++)
		if (graph->heads[i] & head)
			r = vec_push(&graph->roots, ((struct graph_root){ i, holder, 0 }));
	return r;
}

int roots_find(struct graph *graph, struct result_leaks *leaks)
{
	struct roots roots = { .graph = graph };
	struct range range = { 0 };
	int r = 0;

	for (size_t i = 0; i < graph->view->modules_count && r == 0; i++)
		r = scan_module(&roots, (uint32_t)i, &range);
	if (r == 0)
		r = scan_threads(&roots, leaks);
	if (r == 0)
		r = add_special(graph, GRAPH_RUNTIME, LEAKS_HOLDER_RUNTIME);
	if (r == 0 && !graph->python)
		r = add_special(graph, GRAPH_PYTHON, LEAKS_HOLDER_PYTHON);
	leaks->partial = graph->view->partial || graph->target->lossy || leaks->unstopped > 0;
	if (r == 0 && leaks->partial)
		r = rest_scan(graph, &roots.known);
	vec_fini(&roots.known);
	return r;
}
