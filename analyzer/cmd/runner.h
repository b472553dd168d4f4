/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of a program under tenure: a private directory with a socket, the
 * program, and the loop that serves them until there is nothing left to read.
 */
#ifndef CMD_RUNNER_H
#define CMD_RUNNER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "input/server.h"

#include "collector.h"

struct runner;

/**
 * runner_new() - prepare the run; the program does not start yet
 * @argv: the program, borrowed
 *
 * Reports what goes wrong.
 *
 * Return: 0 and a handle, owned by the caller; or a negative errno.
 */
attr_nodiscard int runner_new(char **argv, struct runner **ret_runner);

/** runner_free() - ends the run, if need be.  Return: NULL */
struct runner *runner_free(struct runner *runner);

/** runner_pid() - the program will be this process */
pid_t runner_pid(const struct runner *runner);

/**
 * runner_start() - start the program
 * @server: how to serve; its .ops and .arg are set here
 * @collector: gets what is read, and its .run filled in; borrowed
 *
 * Reports what goes wrong.
 *
 * Return: 0; or the status to exit with (enum cmd_run_status).
 */
attr_nodiscard int runner_start(struct runner *runner, const struct server_options *server,
				struct collector *collector);

/**
 * runner_wait() - serve until the program has ended
 * @no_wait: do not go on for processes that outlive it
 *
 * Afterwards the collector has everything, all images have ended, and signals
 * act on tenure again.  What collector.run points to belongs to @runner.
 *
 * Return: 0 or a negative errno of the server.
 */
attr_nodiscard int runner_wait(struct runner *runner, bool no_wait);

#endif /* CMD_RUNNER_H */
