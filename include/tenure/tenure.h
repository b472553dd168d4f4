/* SPDX-License-Identifier: MIT */
/*
 * tenure.h - tell the profiler what it cannot see by itself.
 *
 * Nothing to link: the functions are weak references, which the preloaded
 * library fills when the program runs under tenure.  Without it each call is
 * one test of a pointer.  All may be called from any thread, and from signal
 * handlers.  None changes errno.
 *
 * From other languages, look up tenure_hook_mark and the others by dlsym().
 */
#ifndef TENURE_TENURE_H
#define TENURE_TENURE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TENURE_HOOK __attribute__((weak, visibility("default")))

/* What the preloaded library defines.  Call the functions below instead. */
void tenure_hook_mark(const char *name) TENURE_HOOK;
void tenure_hook_phase_begin(const char *name) TENURE_HOOK;
void tenure_hook_phase_end(const char *name) TENURE_HOOK;
void tenure_hook_alloc(const void *block, size_t bytes) TENURE_HOOK;
void tenure_hook_free(const void *block) TENURE_HOOK;
void tenure_hook_realloc(const void *old_block, const void *block, size_t bytes) TENURE_HOOK;
void tenure_hook_type(const void *block, const char *type) TENURE_HOOK;
void tenure_hook_start(void) TENURE_HOOK;
void tenure_hook_stop(void) TENURE_HOOK;
int tenure_hook_active(void) TENURE_HOOK;

/*
 * The address of a hook, read from the global offset table.  In code that is
 * not position-independent the compiler would use the address itself, and the
 * linker would settle that nobody listens.
 */
#if defined(__x86_64__) && !defined(__PIC__)
#define TENURE_FIND(hook, ret) \
	__asm__(".weak " #hook "\n\tmovq " #hook "@GOTPCREL(%%rip), %0" : "=r"(ret))
#elif defined(__aarch64__) && !defined(__PIC__)
#define TENURE_FIND(hook, ret)                                                                    \
	__asm__(".weak " #hook "\n\tadrp %0, :got:" #hook "\n\tldr %0, [%0, :got_lo12:" #hook "]" \
		: "=r"(ret))
#else
#define TENURE_FIND(hook, ret) ((ret) = (hook))
#endif

/**
 * tenure_mark() - put a named point into the timeline
 * @name: at most 200 bytes are kept
 */
static inline void tenure_mark(const char *name)
{
	void (*hook)(const char *);

	TENURE_FIND(tenure_hook_mark, hook);
	if (hook)
		hook(name);
}

/**
 * tenure_phase_begin() - a named phase of the program begins
 *
 * Phases may nest and overlap; the end names the one it ends.
 */
static inline void tenure_phase_begin(const char *name)
{
	void (*hook)(const char *);

	TENURE_FIND(tenure_hook_phase_begin, hook);
	if (hook)
		hook(name);
}

/** tenure_phase_end() - the phase of this name ends */
static inline void tenure_phase_end(const char *name)
{
	void (*hook)(const char *);

	TENURE_FIND(tenure_hook_phase_end, hook);
	if (hook)
		hook(name);
}

/**
 * tenure_alloc() - a custom allocator hands out a block
 * @block: its address; NULL is ignored
 * @bytes: as asked for
 *
 * Call it after the block was obtained, in the function whose caller should
 * appear in the report.
 */
static inline void tenure_alloc(const void *block, size_t bytes)
{
	void (*hook)(const void *, size_t);

	TENURE_FIND(tenure_hook_alloc, hook);
	if (hook)
		hook(block, bytes);
}

/**
 * tenure_free() - a custom allocator is about to take a block back
 *
 * Call it before the block can be handed out again.
 */
static inline void tenure_free(const void *block)
{
	void (*hook)(const void *);

	TENURE_FIND(tenure_hook_free, hook);
	if (hook)
		hook(block);
}

/**
 * tenure_realloc() - a block of a custom allocator has changed size or place
 * @old_block: NULL: as tenure_alloc()
 * @block:     NULL: as tenure_free(@old_block)
 *
 * If the old address may be handed out to another thread before this call,
 * use tenure_free() before and tenure_alloc() after the change.
 */
static inline void tenure_realloc(const void *old_block, const void *block, size_t bytes)
{
	void (*hook)(const void *, const void *, size_t);

	TENURE_FIND(tenure_hook_realloc, hook);
	if (hook)
		hook(old_block, block, bytes);
}

/**
 * tenure_type() - say what a live block is
 * @block: address of a block, of malloc or of tenure_alloc()
 * @type:  name of its type, at most 200 bytes are kept
 */
static inline void tenure_type(const void *block, const char *type)
{
	void (*hook)(const void *, const char *);

	TENURE_FIND(tenure_hook_type, hook);
	if (hook)
		hook(block, type);
}

/** tenure_start() - begin or go on recording, as after `tenure run --paused` */
static inline void tenure_start(void)
{
	void (*hook)(void);

	TENURE_FIND(tenure_hook_start, hook);
	if (hook)
		hook();
}

/**
 * tenure_stop() - rest: record no new blocks until tenure_start()
 *
 * Frees are still recorded, so that blocks recorded before do not appear to
 * live for ever.
 */
static inline void tenure_stop(void)
{
	void (*hook)(void);

	TENURE_FIND(tenure_hook_stop, hook);
	if (hook)
		hook();
}

/**
 * tenure_active() - 1 while allocations are being recorded, else 0
 */
static inline int tenure_active(void)
{
	int (*hook)(void);

	TENURE_FIND(tenure_hook_active, hook);
	return hook ? hook() : 0;
}

#ifdef __cplusplus
}
#endif

#endif /* TENURE_TENURE_H */
