/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What looking through the memory of a process has shown: which live blocks
 * are lost, and what holds the others.  Plain data, no names.
 */
#ifndef MODEL_RESULT_LEAKS_H
#define MODEL_RESULT_LEAKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a live block is.  The first ones are leaks. */
enum leaks_class {
	LEAKS_LOST,	    /* nothing points at it */
	LEAKS_CYCLE,	    /* only blocks that it points at itself, in the end, point at it */
	LEAKS_LOST_THROUGH, /* only lost blocks lead to it */
	LEAKS_POSSIBLE,	    /* only pointers to its inside, or to that of others, lead to it */
	LEAKS_REACHABLE,    /* the program can reach it */
	LEAKS_RUNTIME,	    /* the dynamic linker's own */
	LEAKS_PYTHON,	    /* from an interpreter's own allocators: not classified */
	LEAKS_UNKNOWN,	    /* not classified */
	LEAKS_CLASS_COUNT,
};

enum leaks_holder_kind {
	LEAKS_HOLDER_GLOBAL,   /* writable data of a module; .value is its index */
	LEAKS_HOLDER_STACK,    /* of a thread; .value is its tid */
	LEAKS_HOLDER_REGISTER, /* likewise */
	LEAKS_HOLDER_TLS,      /* likewise: thread-local variables and pthread_setspecific() */
	LEAKS_HOLDER_RUNTIME,  /* blocks of the dynamic linker */
	LEAKS_HOLDER_PYTHON,   /* an interpreter, in a way that is not known */
	LEAKS_HOLDER_MODULE,   /* a Python module: where people look from */
	LEAKS_HOLDER_MEMORY,   /* memory of which it is not known whose it is */
	LEAKS_HOLDER_COUNT,
};

struct leaks_count {
	uint64_t blocks;
	uint64_t bytes;
};

/** struct leaks_holder - what keeps blocks alive; a block counts where it was found first */
struct leaks_holder {
	uint32_t kind; /* enum leaks_holder_kind */
	uint32_t value;
	struct leaks_count held;
};

/** struct leaks_member - blocks of one site in cycles of one shape */
struct leaks_member {
	uint32_t site; /* index in result_process.sites */
	struct leaks_count own;
};

/** struct leaks_link - pointers at one offset of one member to another */
struct leaks_link {
	uint32_t from; /* index among the members */
	uint32_t to;
	uint64_t offset;
};

/**
 * struct leaks_item - leaks of one site, or cycles of one shape
 * @class:    enum leaks_class, LEAKS_POSSIBLE at most
 * @site:     index in result_process.sites; of a cycle its heaviest member
 * @own:      the blocks themselves
 * @indirect: what would be given back with them: reachable through them alone
 * @cycles:   how many
 * @members, @links: of a cycle
 */
struct leaks_item {
	uint32_t class;
	uint32_t site;
	struct leaks_count own;
	struct leaks_count indirect;
	uint64_t cycles;
	const struct leaks_member *members;
	size_t members_count;
	const struct leaks_link *links;
	size_t links_count;
};

/* Beside the numbers of sites: what the program mapped. */
#define LEAKS_SITE_MAPPED UINT32_MAX

/** struct leaks_step - a block on the way to another, and where in it the next pointer lies */
struct leaks_step {
	uint32_t site;
	uint64_t offset;
	uint64_t times; /* so many one after the other */
};

/** struct leaks_table - how blocks of a site begin, if it is with the address of a table in a
 * module */
struct leaks_table {
	uint64_t addr;
	uint64_t next_word; /* of the first block: behind it */
};

/**
 * struct leaks_kept - what the live blocks of a site keep, and how one of them is held
 * @class:   of the one that keeps most, as are the next ones
 * @kept:    what would be given back with them, themselves included
 * @is_held: by @holder at @address; else it is lost, or what the way begins with is
 * @is_cut:  the way begins before its first step
 * @steps_first, @steps_count: the way, in result_leaks.steps
 * @most:       what the one that keeps most does
 * @type:       of a Python object, its name; NULL: it is none
 * @expression: the way in the words of a Python program; NULL
 * @is_guessed: a pointer on it was taken for what it looks like
 */
struct leaks_kept {
	uint32_t site;
	uint32_t class;
	struct leaks_count own;
	struct leaks_count kept;
	bool is_held;
	bool is_cut;
	struct leaks_holder holder;
	uint64_t address;
	size_t steps_first;
	size_t steps_count;
	struct leaks_count most;
	char *type;
	char *expression;
	bool is_guessed;
};

/**
 * struct leaks_python - how blocks of an interpreter's allocators were read
 * @precise: objects and what belongs to them: all references are known
 * @guessed: objects of which each word is taken for what it looks like
 * @unknown: what is no object, as far as can be told
 * @dead:    objects kept for the next one
 */
struct leaks_python {
	uint64_t precise;
	uint64_t guessed;
	uint64_t unknown;
	uint64_t dead;
};

/**
 * struct result_leaks - one look
 * @moment:   enum tenure_moment; @signal, @name: of TENURE_MOMENT_SIGNAL and _MARK
 * @stamp:    of the mark
 * @done:     false: it was not possible; @why says why
 * @direct:   memory was read with process_vm_readv(2)
 * @partial:  not all memory is known: what may hold blocks counted as holding them
 * @threads:  that were alive; @unstopped: of these, those that ran on;
 *             @asleep: those that slept in a signal handler of the shim
 * @unread:   bytes of blocks that could not be read
 * @scan_ns:  how long the program stood still, from the moment when it began to wait
 * @total_ns: how long it took altogether
 * @kept:     by site; @types: by type of Python objects; @objects: those that keep most
 * @python:   all zero: there is no interpreter
 * @tables:   by site
 */
struct result_leaks {
	uint32_t moment;
	uint32_t signal;
	char *name;
	uint64_t stamp;
	bool done;
	bool direct;
	bool partial;
	char *why;
	uint64_t threads;
	uint64_t unstopped;
	uint64_t asleep;
	uint64_t unread;
	uint64_t scan_ns;
	uint64_t total_ns;
	struct leaks_count classes[LEAKS_CLASS_COUNT];
	struct leaks_item *items;
	size_t items_count;
	struct leaks_holder *holders;
	size_t holders_count;
	struct leaks_kept *kept;
	size_t kept_count;
	struct leaks_kept *types;
	size_t types_count;
	struct leaks_kept *objects;
	size_t objects_count;
	struct leaks_python python;
	struct leaks_step *steps;
	size_t steps_count;
	struct leaks_table *tables;
	size_t tables_count;
};

#endif /* MODEL_RESULT_LEAKS_H */
