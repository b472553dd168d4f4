/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: connections come up, say hello and become images; images
 * are read until their process is gone.
 *
 * An image ends when its process is dead (pidfd), or when its address space
 * is gone while the process goes on (it has executed another program).  That
 * all writers of the pipe are gone is only a hint: a daemon that closes all
 * its descriptors will connect again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "handshake.h"
#include "live.h"
#include "process.h"
#include "server.h"
#include "ticks.h"

#define TICK_NS	     100000000
#define QUEUE_BYTES  (64u << 20)
#define EPOLL_BATCH  32
#define CALIBRATE_NS 200000u

enum watch_kind {
	WATCH_LISTEN,
	WATCH_TIMER,
	WATCH_HELLO, /* a connection that has not said hello */
	WATCH_PIPE,
	WATCH_PROCESS,
};

/* What epoll hands back. */
struct watch {
	enum watch_kind kind;
	void *owner;
};

struct peer {
	struct watch watch;
	struct peer *next;
	int socket;
	bool gone;
};

struct image {
	struct watch pipe_watch;
	struct watch process_watch;
	struct image *next;
	struct live live;
	uint64_t number;
	uint32_t pid;
	int memfd;
	int pidfd; /* -1: not known */
	int mem;
	bool gone;
};

struct server {
	struct server_options options;
	int epoll;
	int listener;
	int timer;
	bool ticking;
	struct watch listen_watch;
	struct watch timer_watch;
	struct peer *peers;
	struct image *images;
	size_t count;
	uint64_t last_image;
	uint64_t start_ticks;
	uint64_t start_ns;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* ------------------------------------------------------------ small parts */

static int watch_add(const struct server *server, int fd, struct watch *watch)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = watch };

	return epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? neg_errno() : 0;
}

static void watch_remove(const struct server *server, int fd)
{
	(void)epoll_ctl(server->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* Tick while there are images. */
static void set_timer(struct server *server)
{
	struct itimerspec every = { 0 };

	if (server->ticking == !!server->images)
		return;
	server->ticking = !!server->images;
	if (server->ticking)
		every.it_interval.tv_nsec = every.it_value.tv_nsec = TICK_NS;
	(void)timerfd_settime(server->timer, 0, &every, NULL);
}

/* The longer the server has been there, the better. */
static double ns_per_tick(const struct server *server)
{
	uint64_t ns;
	uint64_t ticks;

	do {
		ns = ticks_clock_ns(CLOCK_MONOTONIC) - server->start_ns;
		ticks = ticks_now() - server->start_ticks;
	} while (ns < CALIBRATE_NS || !ticks);
	return (double)ns / (double)ticks;
}

static void remove_peer(struct server *server, struct peer *peer)
{
	if (peer->gone)
		return;
	watch_remove(server, peer->socket);
	(void)close(peer->socket);
	peer->gone = true;
	server->count--;
}

/* Free what has gone; not before all events of a batch have been looked at. */
static void sweep(struct server *server)
{
	for (struct peer **link = &server->peers; *link;) {
		struct peer *peer = *link;

		if (peer->gone) {
			*link = peer->next;
			free(peer);
		} else {
			link = &peer->next;
		}
	}
	for (struct image **link = &server->images; *link;) {
		struct image *image = *link;

		if (image->gone) {
			*link = image->next;
			free(image);
		} else {
			link = &image->next;
		}
	}
	set_timer(server);
}

/* ----------------------------------------------------------------- images */

static void close_image(struct server *server, struct image *image)
{
	if (image->live.pipe >= 0)
		watch_remove(server, image->live.pipe);
	if (image->pidfd >= 0) {
		watch_remove(server, image->pidfd);
		(void)close(image->pidfd);
	}
	if (image->mem >= 0)
		(void)close(image->mem);
	if (image->memfd >= 0)
		(void)close(image->memfd);
	live_fini(&image->live);
	image->gone = true;
	server->count--;
}

static void end_image(struct server *server, struct image *image, enum image_how how)
{
	struct stream_end end = { .how = how };

	if (image->gone)
		return;
	if (how == IMAGE_UNKNOWN && process_is_dead(image->pidfd))
		end.how = process_how(image->pid, image->pidfd, &end.status);
	end.end_stamp = ticks_now();
	end.ns_per_tick = ns_per_tick(server);
	live_end(&image->live, &end);
	close_image(server, image);
}

/* All writers of the pipe are gone, or this is a look at it now and then. */
static void check_image(struct server *server, struct image *image)
{
	if (image->gone)
		return;
	if (process_is_dead(image->pidfd)) {
		end_image(server, image, IMAGE_UNKNOWN);
		return;
	}
	if (image->pidfd < 0) {
		if (image->live.pipe < 0 || process_is_image_gone(image->mem))
			end_image(server, image, IMAGE_UNKNOWN);
		return;
	}
	/* On its way out: the pidfd will say so in a moment. */
	if (process_is_image_gone(image->mem) && !process_is_exiting(image->pid))
		end_image(server, image, IMAGE_EXEC);
}

static struct image *find_pid(const struct server *server, uint32_t pid)
{
	for (struct image *image = server->images; image; image = image->next)
		if (!image->gone && image->pid == pid)
			return image;
	return NULL;
}

static void read_image(struct server *server, struct image *image)
{
	int pipe = image->live.pipe;

	if (image->gone || pipe < 0)
		return;
	/* Closing it removes it from the epoll set, unless a reader elsewhere has it: none has. */
	if (live_read(&image->live) == LIVE_CLOSED)
		check_image(server, image);
}

static void tick(struct server *server)
{
	uint64_t expirations;

	(void)!read(server->timer, &expirations, sizeof(expirations));
	for (struct image *image = server->images; image; image = image->next) {
		uint64_t rss;

		if (image->gone)
			continue;
		live_tick(&image->live);
		rss = image->pid ? process_rss(image->pid) : 0;
		if (rss && !process_is_image_gone(image->mem))
			stream_memory(image->live.stream, ticks_now(), rss);
		check_image(server, image);
	}
}

/* -------------------------------------------------------------- handshake */

static struct image_info describe(struct server *server, const struct handshake *handshake)
{
	const struct tenure_hello *hello = &handshake->hello;
	uint64_t now = ticks_now();
	uint64_t start = hello->ticks < now ? hello->ticks : now;
	double rate = ns_per_tick(server);

	return (struct image_info){
		.image = server->last_image + 1,
		.pid = handshake->pid,
		.ppid = hello->ppid,
		.flags = hello->flags,
		.arch = hello->arch,
		.page_size = hello->page_size,
		.start_stamp = start,
		.unix_ns =
			ticks_clock_ns(CLOCK_REALTIME) - (uint64_t)((double)(now - start) * rate),
		.sample_bytes = server->options.sample_bytes,
		.ns_per_tick = rate,
	};
}

/* Connect @image to a new pipe, whose write end is left in *@ret_writer. */
static int connect_pipe(struct server *server, struct image *image, int *ret_writer)
{
	int ends[2];
	size_t bytes;
	int err = handshake_pipe(ends, &bytes);

	if (err)
		return err;
	live_connect(&image->live, ends[0], bytes);
	err = watch_add(server, ends[0], &image->pipe_watch);
	if (err)
		(void)close(ends[1]);
	else
		*ret_writer = ends[1];
	return err;
}

/*
 * Return: 0 with *@ret_image, which is NULL when it is not wanted; or a
 * negative errno.  Takes @handshake->mem.
 */
static int make_image(struct server *server, struct handshake *handshake, int *ret_writer,
		      struct image **ret_image)
{
	struct image_info info = describe(server, handshake);
	cleanup_free struct image *image = calloc(1, sizeof(*image));
	struct stream *stream = NULL;
	int err;

	if (!image)
		return -ENOMEM;
	image->memfd = handshake_memfd();
	if (image->memfd < 0)
		return image->memfd;
	err = stream_new(&info, server->options.ops, server->options.arg, server->options.capture,
			 &stream);
	if (err || !stream) {
		(void)close(image->memfd);
		*ret_image = NULL;
		return err;
	}
	err = live_init(&image->live, stream, image->memfd, server->options.queue_bytes);
	if (err) {
		stream_end(stream, &(struct stream_end){ .how = IMAGE_UNKNOWN }, NULL);
		stream_free(stream);
		(void)close(image->memfd);
		return err;
	}

	image->number = info.image;
	image->pid = info.pid;
	image->mem = take_fd(&handshake->mem);
	image->pidfd = info.pid ? process_open(info.pid) : -1;
	if (image->pidfd < 0)
		image->pidfd = -1;
	image->pipe_watch = (struct watch){ WATCH_PIPE, image };
	image->process_watch = (struct watch){ WATCH_PROCESS, image };
	image->next = server->images;
	server->images = image;
	server->last_image = info.image;
	server->count++;
	*ret_image = image;
	err = image->pidfd >= 0 ? watch_add(server, image->pidfd, &image->process_watch) : 0;
	if (!err)
		err = connect_pipe(server, image, ret_writer);
	if (err)
		end_image(server, image, IMAGE_UNKNOWN);
	(void)take_ptr(image);
	return err;
}

/* Return: 0 with the image to record to, or NULL: do not record. */
static int find_or_make_image(struct server *server, struct handshake *handshake, int *ret_writer,
			      struct image **ret_image)
{
	struct image *old = handshake->pid ? find_pid(server, handshake->pid) : NULL;

	*ret_image = NULL;
	if (handshake->hello.flags & TENURE_HELLO_RECONNECT) {
		if (!old || old->number != handshake->hello.image)
			return 0;
		if (old->live.pipe >= 0)
			watch_remove(server, old->live.pipe);
		*ret_image = old;
		return connect_pipe(server, old, ret_writer);
	}
	/* One process has one image at a time. */
	if (old)
		end_image(server, old, process_is_dead(old->pidfd) ? IMAGE_UNKNOWN : IMAGE_EXEC);
	return make_image(server, handshake, ret_writer, ret_image);
}

static void answer(struct server *server, int socket, struct handshake *handshake)
{
	struct tenure_welcome welcome = {
		.verdict = TENURE_VERDICT_DECLINE,
		.flags = server->options.welcome_flags,
		.max_depth = server->options.max_depth,
		.sample_bytes = server->options.sample_bytes,
	};
	cleanup_close int writer = -1;
	struct image *image;

	if (find_or_make_image(server, handshake, &writer, &image) < 0)
		image = NULL;
	if (image) {
		welcome.verdict = TENURE_VERDICT_RECORD;
		welcome.image = image->number;
	}
	if (handshake_answer(socket, &welcome, image ? writer : -1, image ? image->memfd : -1) <
		    0 &&
	    image)
		check_image(server, image);
}

static void greet(struct server *server, struct peer *peer)
{
	struct handshake handshake;
	int err;

	if (peer->gone)
		return;
	err = handshake_receive(peer->socket, &handshake);
	if (err == -EAGAIN)
		return;
	if (err == -EPROTONOSUPPORT)
		(void)!handshake_answer(
			peer->socket, &(struct tenure_welcome){ .verdict = TENURE_VERDICT_VERSION },
			-1, -1);
	if (!err) {
		answer(server, peer->socket, &handshake);
		if (handshake.mem >= 0)
			(void)close(handshake.mem);
	}
	remove_peer(server, peer);
}

int server_adopt(struct server *server, int fd)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	int err = -ENOMEM;

	if (peer) {
		peer->watch = (struct watch){ WATCH_HELLO, peer };
		peer->socket = fd;
		err = watch_add(server, fd, &peer->watch);
	}
	if (err) {
		(void)close(fd);
		free(peer);
		return err;
	}
	peer->next = server->peers;
	server->peers = peer;
	server->count++;
	return 0;
}

static void accept_peers(struct server *server)
{
	int fd;

	while ((fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		(void)!server_adopt(server, fd);
}

/* ----------------------------------------------------------------- server */

int server_new(const struct server_options *options, struct server **ret_server)
{
	struct server *server = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return -ENOMEM;
	server->options = *options;
	if (!server->options.queue_bytes)
		server->options.queue_bytes = QUEUE_BYTES;
	server->listener = -1;
	server->start_ns = ticks_clock_ns(CLOCK_MONOTONIC);
	server->start_ticks = ticks_now();
	server->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	server->listen_watch.kind = WATCH_LISTEN;
	server->timer_watch.kind = WATCH_TIMER;
	if (server->timer < 0 || server->epoll < 0)
		err = neg_errno();
	else
		err = watch_add(server, server->timer, &server->timer_watch);
	if (err) {
		server_free(server);
		return err;
	}
	*ret_server = server;
	return 0;
}

struct server *server_free(struct server *server)
{
	if (!server)
		return NULL;
	for (struct image *image = server->images; image; image = image->next) {
		check_image(server, image);
		end_image(server, image, IMAGE_RUNNING);
	}
	for (struct peer *peer = server->peers; peer; peer = peer->next)
		remove_peer(server, peer);
	sweep(server);
	if (server->listener >= 0) {
		(void)close(server->listener);
		(void)unlink(server->path);
	}
	if (server->timer >= 0)
		(void)close(server->timer);
	if (server->epoll >= 0)
		(void)close(server->epoll);
	free(server);
	return NULL;
}

int server_listen(struct server *server, const char *directory)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", directory);
	cleanup_close int fd = -1;
	int err;

	if (n < 0 || (size_t)n >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return neg_errno();
	err = listen(fd, SOMAXCONN) < 0 ? neg_errno()
					: watch_add(server, fd, &server->listen_watch);
	if (err) {
		(void)unlink(address.sun_path);
		return err;
	}
	memcpy(server->path, address.sun_path, sizeof(server->path));
	server->listener = take_fd(&fd);
	return 0;
}

const char *server_path(const struct server *server)
{
	return server->listener >= 0 ? server->path : NULL;
}

int server_fd(const struct server *server)
{
	return server->epoll;
}

int server_step(struct server *server, int timeout_ms)
{
	struct epoll_event events[EPOLL_BATCH];
	int count = epoll_wait(server->epoll, events, EPOLL_BATCH, timeout_ms);

	if (count < 0)
		return errno == EINTR ? 0 : neg_errno();
	for (int i = 0; i < count; i++) {
		const struct watch *watch = events[i].data.ptr;

		switch (watch->kind) {
		case WATCH_LISTEN:
			accept_peers(server);
			break;
		case WATCH_TIMER:
			tick(server);
			break;
		case WATCH_HELLO:
			greet(server, watch->owner);
			break;
		case WATCH_PIPE:
			read_image(server, watch->owner);
			break;
		case WATCH_PROCESS:
			end_image(server, watch->owner, IMAGE_UNKNOWN);
			break;
		}
	}
	sweep(server);
	return 0;
}

size_t server_images(const struct server *server)
{
	return server->count;
}

bool server_has_pid(const struct server *server, uint32_t pid)
{
	return find_pid(server, pid);
}
