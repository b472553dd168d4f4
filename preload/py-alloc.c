/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of the MEM and OBJ domains, each recorded by itself.
 *
 * What pymalloc obtains for its arenas, or passes on to malloc, happens with
 * the guard in state THREAD_INNER and is not recorded a second time.
 */
#include "py-alloc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "intercept.h"
#include "py-arena.h"
#include "py-code.h"
#include "py-end.h"
#include "py-frames.h"
#include "py-gc.h"
#include "py-provider.h"
#include "py-state.h"
#include "py-table.h"
#include "py-types.h"
#include "record.h"
#include "sample.h"
#include "stack.h"

/*
 * Events below ours.  While it allocates, pymalloc may also make room for its
 * own tables; tracemalloc does nothing below an allocation.
 */
#define INNER_ALLOC   UINT32_MAX
#define INNER_REALLOC 2u
#define INNER_FREE    1u

#define LAYERS_MAX 8u /* of our hooks in a domain */

/*
 * Allocators below our hooks, which have them as their context; written before
 * the hooks are set.  A program may put functions of its own above ours, and
 * ours are put above those: then there are two, and the lower ones let pass.
 */
static struct py_allocator layers[PY_DOMAIN_OBJ + 1][LAYERS_MAX];
static uint32_t layer_counts[PY_DOMAIN_OBJ + 1];
static bool watching = true;

/*
 * Makes the interceptors let pass what the allocator below does: one call of
 * malloc or free, or one of realloc, which is two events.  More is the doing of
 * whoever has wrapped the RAW domain: tracemalloc frees its own records there.
 */
static attr_always_inline void inner_begin(struct thread *self, uint32_t events)
{
	self->inner_left = events;
	self->slot->busy = THREAD_INNER;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static attr_always_inline void inner_end(struct thread *self)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	self->slot->busy = 1;
}

static attr_always_inline void got(struct thread *self, const struct stack_regs *regs, void *block,
				   size_t bytes, unsigned int domain)
{
	struct py_thread *py = py_thread_get(self);
	uint32_t stack;

	if (domain == PY_DOMAIN_OBJ && unlikely(watching)) {
		watching = false;
		py_provider_first_object(self);
	}
	if (likely(py)) {
		py->with_gil = 1;
		py->gc_wanted = NULL;
	}
	/* In this order: reading the stack tells whose GIL it is. */
	stack = likely(py && !watching) ? py_frames_capture(self, py, regs)
					: stack_capture(self, regs);
	py_types_settle(self, py, NULL);
	record_alloc(self, block, bytes, stack,
		     domain == PY_DOMAIN_OBJ ? TENURE_FN_PY_OBJ : TENURE_FN_PY_MEM);
	if (unlikely(!py))
		return;
	py->with_gil = 0;
	if (domain != PY_DOMAIN_OBJ)
		return;
	if (unlikely(py_state.frames != PY_FRAMES_ON))
		return;
	py_types_new(py, block, bytes, stack);
	if (unlikely(py->gc_wanted != NULL)) {
		void *interp = py->gc_wanted;

		py->gc_wanted = NULL;
		if (interp == PY_GC_END)
			py_end_uncollected(self);
		else
			py_gc_follow(self, py, interp);
	}
}

/* A block is about to be given back. */
static attr_always_inline void lose(struct thread *self, const void *block, unsigned int domain)
{
	py_types_settle(self, likely(self) ? self->provider : NULL, block);
	if (domain == PY_DOMAIN_OBJ && unlikely(py_filter_has(block))) {
		py_code_forget(block);
		py_types_forget(block);
	}
}

/* No word of an earlier object may be taken for this one's type. */
static attr_always_inline void clear_header(void *block, size_t bytes)
{
	uintptr_t *words = block;

	for (size_t i = 0; i < 3 && bytes >= 16 * (i + 1); i++)
		words[2 * i + 1] = 0;
}

/* ------------------------------- all but the fast way: samples, and rest */

/* Who calls our hooks from functions of his own may not hand on what belongs to them. */
static attr_always_inline const struct py_allocator *below_of(const void *ctx, unsigned int domain)
{
	bool is_layer = (uintptr_t)ctx - (uintptr_t)layers[domain] < sizeof(layers[domain]);

	return likely(is_layer) ? ctx : layers[domain];
}

/* Is this part of a call that is recorded already? */
static bool is_part(void)
{
	const struct thread *self = thread_self_;

	return self && self->slot && (self->slot->busy & THREAD_GUARD_MASK) == THREAD_INNER;
}

/*
 * Begin an allocation.  Return: the thread's state, prepared for the call of
 * the allocator below; NULL: nothing of it is ours.
 */
static struct thread *slow_begin(size_t bytes, unsigned int domain, uint32_t events,
				 bool *ret_passes)
{
	struct thread *self;

	if (is_part())
		return NULL;
	if (domain == PY_DOMAIN_OBJ && unlikely(watching) && sample_filter) {
		self = thread_enter();
		if (self) {
			watching = false;
			py_provider_first_object(self);
			thread_leave(self);
		}
	}
	self = thread_self_;
	*ret_passes = sample_passes(self, bytes);
	if (!*ret_passes)
		self = sample_enter(bytes);
	if (self)
		inner_begin(self, events);
	return self;
}

static void slow_end(struct thread *self, const struct stack_regs *regs, void *block, size_t bytes,
		     unsigned int domain, bool passes)
{
	if (!self)
		return;
	inner_end(self);
	if (block && !passes && (!sample_filter || sample_remember(sample_key(block, false))))
		got(self, regs, block, bytes, domain);
	thread_leave(self);
}

static attr_noinline void *slow_malloc(const struct py_allocator *below,
				       const struct stack_regs *regs, size_t bytes,
				       unsigned int domain)
{
	bool passes = true;
	struct thread *self = slow_begin(bytes, domain, INNER_ALLOC, &passes);
	void *block = below->malloc(below->ctx, bytes);

	if (self && block && !passes && domain == PY_DOMAIN_OBJ)
		clear_header(block, bytes);
	slow_end(self, regs, block, bytes, domain, passes);
	return block;
}

static attr_noinline void *slow_calloc(const struct py_allocator *below,
				       const struct stack_regs *regs, size_t count, size_t bytes,
				       unsigned int domain)
{
	bool passes = true;
	struct thread *self = slow_begin(count * bytes, domain, INNER_ALLOC, &passes);
	void *block = below->calloc(below->ctx, count, bytes);

	slow_end(self, regs, block, count * bytes, domain, passes);
	return block;
}

/* Return: whether it was a recorded block. */
static bool slow_lose(void *block, unsigned int domain, unsigned int flags)
{
	struct thread *self;

	if (sample_filter && !sample_forget(sample_key(block, false))) {
		lose(NULL, block, domain);
		return false;
	}
	self = is_part() ? NULL : thread_enter();
	lose(self, block, domain);
	if (!self) {
		thread_free_at_rest(block, flags);
		return false;
	}
	record_free(self, block, flags);
	thread_leave(self);
	return true;
}

static attr_noinline void *slow_realloc(const struct py_allocator *below,
					const struct stack_regs *regs, void *old, size_t bytes,
					unsigned int domain)
{
	bool recorded = old && slow_lose(old, domain, TENURE_HEAD_REALLOC);
	bool passes = true;
	struct thread *self = slow_begin(bytes, domain, INNER_REALLOC, &passes);
	void *block = below->realloc(below->ctx, old, bytes);

	slow_end(self, regs, block, bytes, domain, passes);
	if (!block && recorded)
		intercept_back(old);
	return block;
}

static attr_noinline void slow_free(const struct py_allocator *below, void *block,
				    unsigned int domain)
{
	bool recorded = slow_lose(block, domain, 0);
	struct thread *self = recorded && !sample_filter ? thread_enter() : NULL;

	if (self)
		inner_begin(self, INNER_FREE);
	below->free(below->ctx, block);
	if (self) {
		inner_end(self);
		thread_leave(self);
	}
}

/* --------------------------------------------------------- the fast way */

static attr_always_inline void *hook_malloc(const struct py_allocator *below,
					    const struct stack_regs *regs, size_t bytes,
					    unsigned int domain)
{
	struct thread *self = thread_self_;
	void *block;

	if (unlikely(!thread_is_open(self)))
		return slow_malloc(below, regs, bytes, domain);
	thread_guard(self, THREAD_BUSY);
	inner_begin(self, INNER_ALLOC);
	block = below->malloc(below->ctx, bytes);
	inner_end(self);
	if (likely(block)) {
		if (domain == PY_DOMAIN_OBJ)
			clear_header(block, bytes);
		got(self, regs, block, bytes, domain);
	}
	thread_leave(self);
	return block;
}

static attr_always_inline void *hook_calloc(const struct py_allocator *below,
					    const struct stack_regs *regs, size_t count,
					    size_t bytes, unsigned int domain)
{
	struct thread *self = thread_self_;
	void *block;

	if (unlikely(!thread_is_open(self)))
		return slow_calloc(below, regs, count, bytes, domain);
	thread_guard(self, THREAD_BUSY);
	inner_begin(self, INNER_ALLOC);
	block = below->calloc(below->ctx, count, bytes);
	inner_end(self);
	if (likely(block))
		got(self, regs, block, count * bytes, domain);
	thread_leave(self);
	return block;
}

static attr_always_inline void *hook_realloc(const struct py_allocator *below,
					     const struct stack_regs *regs, void *old, size_t bytes,
					     unsigned int domain)
{
	struct thread *self = thread_self_;
	void *block;

	if (unlikely(!thread_is_open(self)))
		return slow_realloc(below, regs, old, bytes, domain);
	thread_guard(self, THREAD_BUSY);
	if (old) {
		lose(self, old, domain);
		record_free(self, old, TENURE_HEAD_REALLOC);
	}
	inner_begin(self, INNER_REALLOC);
	block = below->realloc(below->ctx, old, bytes);
	inner_end(self);
	if (likely(block)) {
		got(self, regs, block, bytes, domain);
	} else if (old) {
		uint64_t addr = (uintptr_t)old;

		record_ext(self, TENURE_EXT_REALLOC_BACK, &addr, sizeof(addr), NULL, 0);
	}
	thread_leave(self);
	return block;
}

static attr_always_inline void hook_free(const struct py_allocator *below, void *block,
					 unsigned int domain)
{
	struct thread *self = thread_self_;

	if (!block) {
		below->free(below->ctx, block);
		return;
	}
	if (unlikely(!thread_is_open(self))) {
		slow_free(below, block, domain);
		return;
	}
	thread_guard(self, THREAD_BUSY);
	lose(self, block, domain);
	record_free(self, block, 0);
	inner_begin(self, INNER_FREE);
	below->free(below->ctx, block);
	inner_end(self);
	thread_leave(self);
}

static void *mem_malloc(void *ctx, size_t bytes)
{
	struct stack_regs regs = STACK_HERE();

	return hook_malloc(below_of(ctx, PY_DOMAIN_MEM), &regs, bytes, PY_DOMAIN_MEM);
}

static void *mem_calloc(void *ctx, size_t count, size_t bytes)
{
	struct stack_regs regs = STACK_HERE();

	return hook_calloc(below_of(ctx, PY_DOMAIN_MEM), &regs, count, bytes, PY_DOMAIN_MEM);
}

static void *mem_realloc(void *ctx, void *block, size_t bytes)
{
	struct stack_regs regs = STACK_HERE();

	return hook_realloc(below_of(ctx, PY_DOMAIN_MEM), &regs, block, bytes, PY_DOMAIN_MEM);
}

static void mem_free(void *ctx, void *block)
{
	hook_free(below_of(ctx, PY_DOMAIN_MEM), block, PY_DOMAIN_MEM);
}

static void *obj_malloc(void *ctx, size_t bytes)
{
	struct stack_regs regs = STACK_HERE();

	return hook_malloc(below_of(ctx, PY_DOMAIN_OBJ), &regs, bytes, PY_DOMAIN_OBJ);
}

static void *obj_calloc(void *ctx, size_t count, size_t bytes)
{
	struct stack_regs regs = STACK_HERE();

	return hook_calloc(below_of(ctx, PY_DOMAIN_OBJ), &regs, count, bytes, PY_DOMAIN_OBJ);
}

static void *obj_realloc(void *ctx, void *block, size_t bytes)
{
	struct stack_regs regs = STACK_HERE();

	return hook_realloc(below_of(ctx, PY_DOMAIN_OBJ), &regs, block, bytes, PY_DOMAIN_OBJ);
}

static void obj_free(void *ctx, void *block)
{
	hook_free(below_of(ctx, PY_DOMAIN_OBJ), block, PY_DOMAIN_OBJ);
}

/* What is below our hooks now that @found is; NULL when that cannot be kept. */
static struct py_allocator *layer_for(enum py_domain domain, const struct py_allocator *found)
{
	struct py_allocator *layer = layers[domain];
	uint32_t count = layer_counts[domain];

	for (uint32_t i = 0; i < count; i++, layer++)
		if (!memcmp(layer, found, sizeof(*found)))
			return layer;
	if (count == LAYERS_MAX)
		return NULL;
	*layer = *found;
	layer_counts[domain]++;
	return layer;
}

static void install(enum py_domain domain, const struct py_allocator *hooks)
{
	struct py_allocator found;
	void *below;

	py_state.api.get_allocator(domain, &found);
	if (found.malloc == hooks->malloc)
		return;
	below = layer_for(domain, &found);
	if (!below)
		return;
	found = *hooks;
	found.ctx = below;
	py_state.api.set_allocator(domain, &found);
}

void py_alloc_install(void)
{
	static const struct py_allocator mem = { NULL, mem_malloc, mem_calloc, mem_realloc,
						 mem_free };
	static const struct py_allocator obj = { NULL, obj_malloc, obj_calloc, obj_realloc,
						 obj_free };

	install(PY_DOMAIN_MEM, &mem);
	install(PY_DOMAIN_OBJ, &obj);
	py_arena_install();
}

bool py_alloc_watching(void)
{
	return watching;
}

bool py_alloc_is_outermost(void)
{
	struct py_allocator found;

	py_state.api.get_allocator(PY_DOMAIN_OBJ, &found);
	return found.malloc == obj_malloc;
}

void py_alloc_rearm(void)
{
	watching = true;
}
