/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look into a process that stands still, from the question to the answer.
 *
 * The threads are stopped here, for whom the kernel lets stop them is the
 * parent of the process; its memory is read by a worker, a fork of this
 * process, so that other processes are served meanwhile, and nothing that
 * goes wrong there goes wrong here.
 */
#ifndef INPUT_SCAN_H
#define INPUT_SCAN_H

#include <stdbool.h>

#include "base/attr.h"
#include "control.h"
#include "server-state.h"

/** scan_is_asked() - does the process stand still and wait? */
bool scan_is_asked(const struct image *image);

/** scan_begin() - do what it asks for */
void scan_begin(struct server *server, struct image *image);

/**
 * scan_snapshot() - look at it although it has not asked, and let it go on
 * @out:    where the worker writes its report; taken
 * @client: who is told when it is done; taken
 *
 * Return: 0 or a negative errno; then nothing was taken.
 */
attr_nodiscard int scan_snapshot(struct server *server, struct image *image, int out, int client);

/**
 * scan_mark() - the same at a mark that somebody outside has made
 * @stamp:  of the mark
 * @client: is told when it is done; taken
 *
 * Whether it works or not, the listener hears what came of it.
 */
void scan_mark(struct server *server, struct image *image, uint64_t stamp,
	       const struct control_request *request, int client);

/** scan_readable() - the worker has something to say, or has ended */
void scan_readable(struct server *server, struct image *image);

/** scan_tick() - put an end to what takes too long */
void scan_tick(struct server *server, struct image *image);

/**
 * scan_end() - the process is gone
 * @patient: wait for a worker that has what it needs
 *
 * Return: true when nothing is under way any longer.
 */
attr_nodiscard bool scan_end(struct server *server, struct image *image, bool patient);

#endif /* INPUT_SCAN_H */
