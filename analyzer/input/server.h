/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live side of input/: the socket that processes connect to, and one
 * stream per process image.
 *
 * Single-threaded.  The owner waits for server_fd() to become readable (it
 * does so by itself every 100 ms while images live) and calls server_step().
 */
#ifndef INPUT_SERVER_H
#define INPUT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "capture.h"
#include "image.h"

struct server;

/* How a socket's path ends, and how the name of its directory begins. */
#define SERVER_NAME   "tenure-"
#define SERVER_SOCKET "socket"

/**
 * struct server_options - how to serve
 * @ops:           who listens; borrowed
 * @arg:           for image_begun()
 * @capture:       also write everything there; borrowed, NULL: do not
 * @welcome_flags: enum tenure_welcome_flag for every process
 * @max_depth:     likewise
 * @sample_bytes:  likewise
 * @scan:          call input_ops.scan when a process comes to its end
 * @scan_flags:    enum tenure_scan_flag: and when else
 * @mark_signal:   a signal that makes marks, 0: none
 * @scan_mark:     with TENURE_SCAN_MARKS: only at marks of this name; borrowed, "": at all
 * @scan_limit_ns: how long that may take, 0: 50 s
 * @queue_bytes:   stream bytes kept per image while their order is uncertain; 0: 64 MiB
 */
struct server_options {
	const struct input_ops *ops;
	void *arg;
	struct capture_writer *capture;
	uint32_t welcome_flags;
	uint32_t max_depth;
	uint64_t sample_bytes;
	size_t queue_bytes;
	bool scan;
	uint32_t scan_flags;
	uint32_t mark_signal;
	const char *scan_mark;
	uint64_t scan_limit_ns;
};

/**
 * server_new() - a server without a socket yet
 *
 * Return: 0 or a negative errno.
 */
attr_nodiscard int server_new(const struct server_options *options, struct server **ret_server);

/** server_free() - images still running are ended as IMAGE_RUNNING first.  Return: NULL */
struct server *server_free(struct server *server);

/**
 * server_listen() - accept connections on a new socket in @directory
 *
 * The socket's path is @directory/socket; it is removed by server_free().  The
 * same name is also listened on as an abstract one, for processes that cannot
 * reach the path (chroot); there only peers of the same user are let in.
 *
 * Return: 0 or a negative errno; -ENAMETOOLONG when the path does not fit.
 */
attr_nodiscard int server_listen(struct server *server, const char *directory);

/**
 * server_listen_control() - for a server without server_listen(): accept requests (control.h)
 *
 * On an abstract name that begins and ends as all such names do.
 */
attr_nodiscard int server_listen_control(struct server *server);

/** server_adopt() - serve a socket that is connected already; takes @fd.  0 or a negative errno */
attr_nodiscard int server_adopt(struct server *server, int fd);

/** server_path() - of the socket, for TENURE_SOCKET; borrowed, NULL before server_listen() */
const char *server_path(const struct server *server);

/** server_fd() - becomes readable when server_step() has something to do; borrowed */
int server_fd(const struct server *server);

/**
 * server_step() - wait for at most @timeout_ms (-1: without end) and do what is to be done
 *
 * Return: 0, or a negative errno of the server itself; trouble with one
 * process is counted in that process's result.
 */
attr_nodiscard int server_step(struct server *server, int timeout_ms);

/** server_images() - process images that have begun and not ended, and handshakes under way */
size_t server_images(const struct server *server);

/**
 * server_has_pid() - is an image of this process still being read?
 *
 * After waitpid() said that @pid has ended, step until this is false: then its
 * image_ended() has been called.
 */
bool server_has_pid(const struct server *server, uint32_t pid);

#endif /* INPUT_SERVER_H */
