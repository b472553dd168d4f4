/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets on which tenures of this machine listen, whoever started them.
 */
#ifndef LAUNCH_LISTENERS_H
#define LAUNCH_LISTENERS_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

/**
 * struct listener - where somebody listens who may record a process
 * @named: the environment of the process says so
 */
struct listener {
	struct sockaddr_un address;
	socklen_t bytes;
	bool named;
};

/**
 * listeners_each() - call @each for sockets, the likeliest first
 * @pid:  the process that is looked for: its environment names the socket,
 *        unless it has overwritten that; then all that there are are tried
 * @each: Return: whether to go on
 *
 * Return: whether the environment of @pid could be read.
 */
bool listeners_each(pid_t pid, bool (*each)(void *arg, const struct listener *listener), void *arg);

/** listeners_is_gone() - there is no process @pid, or it has ended and nobody has noticed yet */
bool listeners_is_gone(pid_t pid);

#endif /* LAUNCH_LISTENERS_H */
