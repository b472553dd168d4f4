/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the server, for its two files: server.c (connections, the loop)
 * and server-image.c (process images, from the hello to the end).
 */
#ifndef INPUT_SERVER_STATE_H
#define INPUT_SERVER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "base/attr.h"
#include "handshake.h"
#include "live.h"
#include "server.h"
#include "stream.h"

enum watch_kind {
	WATCH_LISTEN,
	WATCH_TICK,
	WATCH_REST,
	WATCH_HELLO, /* a connection that has not said hello */
	WATCH_PIPE,
	WATCH_PROCESS,
	WATCH_SCAN,
};

/* What epoll hands back. */
struct watch {
	enum watch_kind kind;
	int fd; /* WATCH_LISTEN */
	void *owner;
};

struct peer {
	struct watch watch;
	struct peer *next;
	int socket;
	bool gone;
};

/**
 * struct image - one process image
 * @pidfd:   -1: not known
 * @mem:     its /proc/self/mem, -1: not known
 * @maps:    its /proc/self/maps, likewise
 * @resting: the pipe has been emptied and is left alone for a moment: to be
 *           woken by each chunk would cost the program more than us
 * @scan:    a look that is under way, NULL
 * @looked:  it was looked at, or could not be; but for marks
 * @marks:   so many marks at which it was
 * @parked:  it has been told to send its threads to sleep
 * @ending:  it has ended as @end says, but for the look
 * @gone:    ended; to be freed when the batch of events is through
 */
struct image {
	struct watch pipe_watch;
	struct watch process_watch;
	struct watch scan_watch;
	struct image *next;
	struct live live;
	uint64_t number;
	uint32_t pid;
	int memfd;
	int pidfd;
	int mem;
	int maps;
	bool resting;
	struct scan *scan;
	bool looked;
	uint32_t marks;
	bool parked;
	bool ending;
	struct stream_end end;
	bool gone;
};

struct server {
	struct server_options options;
	int epoll;
	int tick_timer;
	int rest_timer;
	bool ticking;
	bool resting;
	struct watch tick_watch;
	struct watch rest_watch;
	struct watch listen_watch[2];
	struct peer *peers;
	struct image *images;
	size_t count;
	uint64_t last_image;
	uint64_t start_ticks;
	uint64_t start_ns;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/** server_watch() - events of @fd go to @watch; @events as epoll_ctl(2) has them */
attr_nodiscard int server_watch(const struct server *server, int fd, uint32_t events,
				struct watch *watch);
void server_unwatch(const struct server *server, int fd);

/** server_rest() - a call of server_image_rested() in a moment */
void server_rest(struct server *server);

/** server_ns_per_tick() - the longer the server has been there, the better */
double server_ns_per_tick(const struct server *server);

/**
 * server_image_hello() - a process has said hello: its image, new or known
 * @ret_writer: the end of the pipe that it is to get, owned by the caller
 * @ret_image:  NULL: do not record it
 *
 * Takes @handshake->mem if it needs it.  Return: 0 or a negative errno.
 */
attr_nodiscard int server_image_hello(struct server *server, struct handshake *handshake,
				      int *ret_writer, struct image **ret_image);

/** server_image_readable() - there is something in the pipe */
void server_image_readable(struct server *server, struct image *image);

/** server_image_rested() - the moment is over */
void server_image_rested(struct server *server, struct image *image);

/** server_image_tick() - from time to time: sample its memory, look whether it is still there */
void server_image_tick(struct server *server, struct image *image);

/**
 * server_image_mark() - somebody outside wants a mark, now
 * @kind:  enum tenure_mark_kind
 * @bytes: of @name
 *
 * Return: its stamp.
 */
uint64_t server_image_mark(struct image *image, uint32_t kind, const char *name, uint32_t bytes);

/** server_image_check() - end it if its process or its address space is gone */
void server_image_check(struct server *server, struct image *image);

/** server_image_end() - with IMAGE_UNKNOWN the kernel is asked */
void server_image_end(struct server *server, struct image *image, enum image_how how);

/** server_image_find() - the image that process @pid has now, or NULL */
struct image *server_image_find(const struct server *server, uint32_t pid);

#endif /* INPUT_SERVER_STATE_H */
