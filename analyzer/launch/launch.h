/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program under tenure: started as if tenure were not there, and watched.
 *
 * The program gets exactly the signal mask, dispositions, descriptors and
 * limits that tenure got; only LD_PRELOAD and TENURE_SOCKET are added to its
 * environment.  Signals that somebody sends to tenure are passed on; those of
 * the terminal (Ctrl-C) reach the program by themselves, because it is in the
 * same process group, and are ignored here.
 */
#ifndef LAUNCH_LAUNCH_H
#define LAUNCH_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"

struct launch;

/**
 * launch_new() - a process that waits to become the program
 * @argv: the program, looked up as execvp() does, and its arguments; borrowed
 * @shim: path of libtenure.so
 *
 * Return: 0 and a handle, owned by the caller; or a negative errno.
 */
attr_nodiscard int launch_new(char **argv, const char *shim, struct launch **ret_launch);

/**
 * launch_go() - let it become the program
 * @socket: for TENURE_SOCKET
 *
 * Return: 0; or a negative errno: of exec if *@ret_exec_failed, else tenure's own.
 */
attr_nodiscard int launch_go(struct launch *launch, const char *socket, bool *ret_exec_failed);

/**
 * launch_free() - restores tenure's own signal handling
 *
 * A process that never went is ended.  Return: NULL
 */
struct launch *launch_free(struct launch *launch);

pid_t launch_pid(const struct launch *launch);

/** launch_fd() - becomes readable when launch_step() has something to do; borrowed */
int launch_fd(const struct launch *launch);

/** launch_step() - pass signals on, and see whether the program has ended */
void launch_step(struct launch *launch);

/** launch_has_ended() - and then *@ret_status is as from waitpid() */
bool launch_has_ended(const struct launch *launch, int *ret_status);

/** launch_was_interrupted() - somebody wanted tenure to end after the program had ended */
bool launch_was_interrupted(const struct launch *launch);

#endif /* LAUNCH_LAUNCH_H */
