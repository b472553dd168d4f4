/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that was seen of one run: a session for each process image.
 *
 * Connects input/ to model/ (collector_ops), and what came out to report/.
 * The same for a program that runs now and for a capture file.
 */
#ifndef CMD_COLLECTOR_H
#define CMD_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"
#include "input/image.h"
#include "model/session.h"
#include "report/document.h"

#include "run-info.h"

/* Which processes beside the first are recorded; --follow. */
enum collector_follow {
	COLLECTOR_BOTH,
	COLLECTOR_FORK, /* children that stay the same program */
	COLLECTOR_EXEC, /* programs that are started, but not plain forks */
	COLLECTOR_NONE,
	COLLECTOR_FOLLOW_COUNT,
};

struct collected {
	const struct collector *collector;
	struct session *session;
	struct result_leaks *leaks;
	VEC(struct result_leaks *) looks; /* at marks */
	struct result_leaks *held;	  /* when Python code was over */
	uint32_t pid;
};

/**
 * struct collector - all zero is one that follows everything
 * @options:  for the sessions
 * @follow:   enum collector_follow
 * @failed:   memory ran out: a process image is missing
 * @declined: processes not recorded because of @follow
 * @run:      what is known of the run; from a capture file, if it says so
 */
struct collector {
	struct session_options options;
	unsigned int follow;
	bool failed;
	VEC(uint32_t) declined;
	struct run_info run;
	VEC(struct collected *) images;
};

/* For server_options.ops and capture_replay(); the argument is a struct collector. */
extern const struct input_ops collector_ops;

/* What --generations does; the same for all commands that have it. */
#define COLLECTOR_GENERATIONS_TEXT                                                             \
	"a block enters generation 1 and 2 when so much has been allocated after it; default " \
	"1MiB,16MiB"

/** collector_set_generations() - from the value of --generations; NULL is fine.  Reports errors */
attr_nodiscard int collector_set_generations(struct collector *collector, const char *text);

void collector_fini(struct collector *collector);

/** collector_knows() - has this process come up, be it recorded or declined? */
bool collector_knows(const struct collector *collector, uint32_t pid);

/**
 * collector_report() - make the document, with names
 *
 * To be called once, when all images have ended; frees the sessions on the
 * way.  Shows progress.
 *
 * Return: 0 and the document, owned by the caller; -ENOMEM.
 */
attr_nodiscard int collector_report(struct collector *collector, struct report **ret_report);

#endif /* CMD_COLLECTOR_H */
