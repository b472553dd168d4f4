/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes of a run that have not come up yet: forked but nothing allocated
 * so far, or on their way through exec.
 *
 * They are known by TENURE_SOCKET in their environment.  Becoming their
 * subreaper would find them as well, but changes what getppid() tells a
 * daemon.
 */
#ifndef LAUNCH_DESCENDANTS_H
#define LAUNCH_DESCENDANTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct descendant - one of them
 * @has_shim: libtenure.so is loaded, so the process will come up when it allocates
 */
struct descendant {
	pid_t pid;
	bool has_shim;
};

/**
 * descendants_each() - call @each for all processes of the run
 * @socket: value of TENURE_SOCKET
 * @each:   return false to stop
 *
 * Processes of other users are found by root only.
 */
void descendants_each(const char *socket,
		      bool (*each)(void *arg, const struct descendant *descendant), void *arg);

/** descendants_clock() - has anybody forked since?  Two equal numbers say no; 0 when unknown */
uint64_t descendants_clock(void);

#endif /* LAUNCH_DESCENDANTS_H */
