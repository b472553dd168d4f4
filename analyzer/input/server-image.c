/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process images that run.
 *
 * An image ends when its process is dead (pidfd), or when its address space
 * is gone while the process goes on (it has executed another program).  That
 * all writers of the pipe are gone is only a hint: a daemon that closes all
 * its descriptors will connect again.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "process.h"
#include "scan.h"
#include "server-state.h"
#include "ticks.h"

/* A pipe that is smaller could fill up while it rests. */
#define REST_PIPE_BYTES (512u * 1024)

/* ---------------------------------------------------------------- the end */

static void close_image(struct server *server, struct image *image)
{
	if (image->pidfd >= 0) {
		server_unwatch(server, image->pidfd);
		(void)close(image->pidfd);
	}
	if (image->mem >= 0)
		(void)close(image->mem);
	if (image->maps >= 0)
		(void)close(image->maps);
	(void)close(image->memfd);
	/* The read ends are nobody else's: closing them takes them from the epoll set. */
	live_fini(&image->live);
	image->gone = true;
	server->count--;
}

/* Nobody has looked for leaks, although somebody wanted to. */
static void say_why_not(struct image *image)
{
	const char *why = "it ended in a way of its own, not by the C library's functions, or in a "
			  "sandbox without the system calls that are needed";

	/* Children that are forked to start another program are not looked at. */
	if (image->end.how == IMAGE_EXEC && image->live.stream->info.flags & TENURE_HELLO_FORKED)
		return;
	if (image->end.how == IMAGE_SIGNALLED && image->end.status == SIGKILL)
		why = "it was killed with SIGKILL, which leaves no time to look";
	else if (image->end.how == IMAGE_SIGNALLED)
		why = "it was ended by a signal; option --leaks looks then too";
	else if (image->end.how == IMAGE_RUNNING)
		why = "it was still running";
	stream_looked(image->live.stream, &(struct image_look){ .why = why });
}

void server_image_end(struct server *server, struct image *image, enum image_how how)
{
	if (image->gone)
		return;
	if (!image->ending) {
		image->ending = true;
		image->end = (struct stream_end){ .how = how };
		if (how == IMAGE_UNKNOWN && process_is_dead(image->pidfd))
			image->end.how = process_how(image->pid, image->pidfd, &image->end.status);
		image->end.end_stamp = ticks_now();
		if (image->pidfd >= 0)
			server_unwatch(server, image->pidfd);
	}
	/* What it has found is still to come, and brings us here again. */
	if (!scan_end(server, image, false) || image->gone)
		return;
	image->end.ns_per_tick = server_ns_per_tick(server);
	if (image->live.page && !image->looked)
		say_why_not(image);
	live_end(&image->live, &image->end);
	close_image(server, image);
}

void server_image_check(struct server *server, struct image *image)
{
	if (image->gone || image->ending)
		return;
	if (process_is_dead(image->pidfd)) {
		server_image_end(server, image, IMAGE_UNKNOWN);
	} else if (image->pidfd < 0) {
		if (image->live.pipe.fd < 0 || process_is_image_gone(image->mem))
			server_image_end(server, image, IMAGE_UNKNOWN);
	} else if (process_is_image_gone(image->mem) && !process_is_exiting(image->pid)) {
		/* If it is on its way out, the pidfd will say so in a moment. */
		server_image_end(server, image, IMAGE_EXEC);
	}
}

struct image *server_image_find(const struct server *server, uint32_t pid)
{
	for (struct image *image = server->images; image; image = image->next)
		if (!image->gone && !image->ending && image->pid == pid)
			return image;
	return NULL;
}

/* ---------------------------------------------------------------- reading */

/* Wake us at the next chunk. */
static void arm(const struct server *server, struct image *image)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLONESHOT,
		.data.ptr = &image->pipe_watch,
	};

	(void)epoll_ctl(server->epoll, EPOLL_CTL_MOD, image->live.pipe.fd, &event);
}

static void read_image(struct server *server, struct image *image)
{
	enum live_state state = live_read(&image->live);

	if (scan_is_asked(image))
		scan_begin(server, image);
	switch (state) {
	case LIVE_CLOSED:
		server_image_check(server, image);
		break;
	case LIVE_DRAINED:
		if (image->live.pipe.bytes >= REST_PIPE_BYTES) {
			image->resting = true;
			server_rest(server);
			break;
		}
		arm(server, image);
		break;
	case LIVE_MORE:
	case LIVE_IDLE:
		arm(server, image);
		break;
	}
}

void server_image_readable(struct server *server, struct image *image)
{
	if (!image->gone && !image->ending && !image->resting && image->live.pipe.fd >= 0)
		read_image(server, image);
}

void server_image_rested(struct server *server, struct image *image)
{
	if (image->gone || image->ending || !image->resting)
		return;
	image->resting = false;
	if (image->live.pipe.fd >= 0)
		read_image(server, image);
}

void server_image_tick(struct server *server, struct image *image)
{
	uint64_t rss;

	if (!image->gone)
		scan_tick(server, image);
	if (image->gone || image->ending)
		return;
	live_tick(&image->live);
	if (scan_is_asked(image))
		scan_begin(server, image);
	rss = image->pid ? process_rss(image->pid) : 0;
	if (rss && !process_is_image_gone(image->mem))
		stream_memory(image->live.stream, ticks_now(), rss);
	server_image_check(server, image);
}

uint64_t server_image_mark(struct image *image, uint32_t kind, const char *name, uint32_t bytes)
{
	uint64_t now = ticks_now();

	live_catch_up(&image->live);
	stream_mark(image->live.stream, now, kind, name, bytes);
	live_catch_up(&image->live);
	return now;
}

/* ---------------------------------------------------------- the beginning */

static struct image_info describe(const struct server *server, const struct handshake *handshake)
{
	const struct tenure_hello *hello = &handshake->hello;
	uint64_t now = ticks_now();
	uint64_t start = hello->ticks < now ? hello->ticks : now;
	double rate = server_ns_per_tick(server);

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

/* Connect @image to a new pipe. */
static int connect_pipe(struct server *server, struct image *image, int *ret_writer)
{
	cleanup_close int reader = -1;
	cleanup_close int writer = -1;
	int ends[2];
	size_t bytes;
	int old;
	int err = handshake_pipe(ends, &bytes);

	if (err)
		return err;
	reader = ends[0];
	writer = ends[1];
	err = server_watch(server, reader, EPOLLIN | EPOLLONESHOT, &image->pipe_watch);
	if (err)
		return err;
	old = image->live.pipe.fd;
	err = live_connect(&image->live, reader, bytes);
	if (err)
		return err;
	(void)take_fd(&reader);
	if (old >= 0)
		server_unwatch(server, old);
	image->resting = false;
	*ret_writer = take_fd(&writer);
	return 0;
}

/* An image of which the listener has been told. */
static int add_image(struct server *server, const struct image_info *info, struct stream *stream,
		     struct image **ret_image)
{
	cleanup_free struct image *image = calloc(1, sizeof(*image));
	int err = -ENOMEM;

	if (image) {
		image->memfd = handshake_memfd(server->options.mark_signal);
		err = image->memfd < 0 ? image->memfd : 0;
	}
	if (!err) {
		err = live_init(&image->live, stream, image->memfd, server->options.queue_bytes);
		if (err)
			(void)close(image->memfd);
	}
	if (err) {
		stream_end(stream, &(struct stream_end){ .how = IMAGE_UNKNOWN }, NULL);
		stream_free(stream);
		return err;
	}
	image->number = info->image;
	image->pid = info->pid;
	image->mem = -1;
	image->maps = -1;
	image->pidfd = -1;
	image->pipe_watch = (struct watch){ .kind = WATCH_PIPE, .owner = image };
	image->process_watch = (struct watch){ .kind = WATCH_PROCESS, .owner = image };
	image->next = server->images;
	server->images = image;
	server->last_image = info->image;
	server->count++;
	*ret_image = take_ptr(image);
	return 0;
}

static int make_image(struct server *server, struct handshake *handshake, int *ret_writer,
		      struct image **ret_image)
{
	struct image_info info = describe(server, handshake);
	struct stream *stream = NULL;
	struct image *image;
	int err = stream_new(&info, server->options.ops, server->options.arg,
			     server->options.capture, &stream);

	if (err || !stream)
		return err;
	err = add_image(server, &info, stream, &image);
	if (err)
		return err;
	image->mem = take_fd(&handshake->mem);
	image->maps = take_fd(&handshake->maps);
	if (server->options.scan && image->pid)
		live_want_scan(&image->live, image->memfd, server->options.scan_flags,
			       server->options.scan_mark);
	if (info.pid)
		image->pidfd = process_open(info.pid);
	if (image->pidfd >= 0)
		err = server_watch(server, image->pidfd, EPOLLIN, &image->process_watch);
	if (!err)
		err = connect_pipe(server, image, ret_writer);
	if (err) {
		server_image_end(server, image, IMAGE_UNKNOWN);
		return err;
	}
	*ret_image = image;
	return 0;
}

int server_image_hello(struct server *server, struct handshake *handshake, int *ret_writer,
		       struct image **ret_image)
{
	struct image *old = handshake->pid ? server_image_find(server, handshake->pid) : NULL;
	int err;

	*ret_image = NULL;
	if (handshake->hello.flags & TENURE_HELLO_RECONNECT) {
		if (!old || old->number != handshake->hello.image)
			return 0;
		err = connect_pipe(server, old, ret_writer);
		if (!err)
			*ret_image = old;
		return err;
	}
	/* A process has one image at a time. */
	if (old)
		server_image_end(server, old,
				 process_is_dead(old->pidfd) ? IMAGE_UNKNOWN : IMAGE_EXEC);
	return make_image(server, handshake, ret_writer, ret_image);
}
