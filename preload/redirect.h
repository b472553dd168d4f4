/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operator new and delete of an allocator that replaces malloc and has its
 * own (jemalloc, tcmalloc, mimalloc).
 *
 * Defining these operators here would put the shim into every C++ program's
 * symbol search, also where the definition that counts is private to a
 * plug-in.  So nothing is defined; where such an allocator is found, the
 * loaded objects' references to its operators are changed to ours, one by one.
 * In all other programs nothing happens: the operators call malloc.
 */
#ifndef PRELOAD_REDIRECT_H
#define PRELOAD_REDIRECT_H

#include <stddef.h>
#include <stdint.h>

struct thread;

/* The operators of the Itanium C++ ABI, new first. */
enum redirect_operator {
	REDIRECT_NEW_FIRST = 0,
	REDIRECT_NEW_ARRAY = 4,
	REDIRECT_DELETE_FIRST = 8,
	REDIRECT_DELETE_ARRAY = 14,
	REDIRECT_COUNT = 20,
};

/**
 * struct redirect_target - one operator
 * @name: mangled
 * @next: the allocator's definition, NULL if it has none or goes through malloc
 */
struct redirect_target {
	const char *name;
	void *next;
};

extern struct redirect_target redirect_targets[REDIRECT_COUNT];

/* What references are changed to, in the order of redirect_targets (intercept-new.c). */
extern void *const *redirect_ours;

/**
 * redirect_init() - look for such an allocator and try whether it calls malloc
 * @ours: REDIRECT_COUNT functions, valid for ever
 *
 * Context: guard held, the constructor.
 */
void redirect_init(struct thread *thread, void *const *ours);

/**
 * redirect_added() - objects were loaded: change their references
 *
 * They may not be relocated yet, so redirect_again() looks once more.
 * Context: guard held; takes the loader's list lock.
 */
void redirect_added(void);

/**
 * redirect_again() - look for objects that nobody has noticed so far
 *
 * Does nothing where nothing is redirected.
 * Context: guard held, now and then (after each flush).
 */
void redirect_again(struct thread *thread);

#endif /* PRELOAD_REDIRECT_H */
