/* SPDX-License-Identifier: Apache-2.0 */
/* Connections and the event loop. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "control.h"
#include "scan.h"
#include "server-state.h"
#include "ticks.h"

#define TICK_NS	     100000000
#define REST_NS	     1000000
#define QUEUE_BYTES  (64u << 20)
#define EPOLL_BATCH  32
#define CALIBRATE_NS 200000u

/* ------------------------------------------------------------ small parts */

int server_watch(const struct server *server, int fd, uint32_t events, struct watch *watch)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? neg_errno() : 0;
}

void server_unwatch(const struct server *server, int fd)
{
	(void)epoll_ctl(server->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* Tick while there are images. */
static void set_tick(struct server *server)
{
	struct itimerspec every = { 0 };

	if (server->ticking == !!server->images)
		return;
	server->ticking = !!server->images;
	if (server->ticking)
		every.it_interval.tv_nsec = every.it_value.tv_nsec = TICK_NS;
	(void)timerfd_settime(server->tick_timer, 0, &every, NULL);
}

void server_rest(struct server *server)
{
	const struct itimerspec once = { .it_value.tv_nsec = REST_NS };

	if (!server->resting)
		server->resting = timerfd_settime(server->rest_timer, 0, &once, NULL) == 0;
}

static void clear_timer(int timer)
{
	uint64_t expirations;

	(void)!read(timer, &expirations, sizeof(expirations));
}

double server_ns_per_tick(const struct server *server)
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
	server_unwatch(server, peer->socket);
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
	set_tick(server);
}

/* ------------------------------------------------------------ connections */

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

	if (server_image_hello(server, handshake, &writer, &image) < 0)
		image = NULL;
	if (image) {
		welcome.verdict = TENURE_VERDICT_RECORD;
		welcome.image = image->number;
	}
	/* If it is gone already, its pidfd will tell. */
	(void)!handshake_answer(socket, &welcome, image ? writer : -1, image ? image->memfd : -1);
}

/* Of a process; for our own number that of the first program that still runs. */
static struct image *find_asked(const struct server *server, uint32_t pid)
{
	struct image *first = NULL;

	if (pid != (uint32_t)getpid())
		return pid ? server_image_find(server, pid) : NULL;
	for (struct image *image = server->images; image; image = image->next)
		if (!image->gone && !image->ending && (!first || image->number < first->number))
			first = image;
	return first;
}

/* Return: 1 or a negative errno. */
static int snapshot(struct server *server, struct image *image, int socket, int *fd)
{
	cleanup_close int client = fcntl(socket, F_DUPFD_CLOEXEC, 0);
	int r;

	if (*fd < 0)
		return -EPROTO;
	if (client < 0)
		return neg_errno();
	r = scan_snapshot(server, image, *fd, client);
	if (r < 0)
		return r;
	(void)take_fd(fd);
	(void)take_fd(&client);
	return 1;
}

/* Return: 0; 1 when it is looked at, too. */
static int mark(struct server *server, struct image *image, const struct control_request *request,
		int socket)
{
	uint64_t stamp = server_image_mark(image, request->arg, request->text, request->bytes);
	int client;

	if (!live_wants_mark(&image->live, request->text, request->bytes))
		return 0;
	client = fcntl(socket, F_DUPFD_CLOEXEC, 0);
	if (client < 0)
		return 0;
	scan_mark(server, image, stamp, request, client);
	return 1;
}

/* Return: 0 or a negative errno, for whoever asks; 1: the answer comes later. */
static int obey(struct server *server, const struct control_request *request, int socket, int *fd)
{
	struct image *image = find_asked(server, request->pid);

	if (image)
		server_image_check(server, image);
	if (!image || image->gone || image->ending)
		return -ESRCH;
	switch ((enum control_what)request->what) {
	case CONTROL_MARK:
		return mark(server, image, request, socket);
	case CONTROL_SNAPSHOT:
		return snapshot(server, image, socket, fd);
	}
	return -ENOSYS;
}

static void serve_control(struct server *server, int socket)
{
	cleanup_close int fd = -1;
	struct control_request request;
	int r = control_receive(socket, &request, &fd);

	if (r == 0)
		r = obey(server, &request, socket, &fd);
	if (r <= 0)
		control_answer(socket, r);
}

static void greet(struct server *server, struct peer *peer)
{
	const struct tenure_welcome refusal = { .verdict = TENURE_VERDICT_VERSION };
	struct handshake handshake;
	int err;

	if (peer->gone)
		return;
	if (control_is_waiting(peer->socket)) {
		serve_control(server, peer->socket);
		remove_peer(server, peer);
		return;
	}
	err = handshake_receive(peer->socket, &handshake);
	if (err == -EAGAIN)
		return;
	if (err == -EPROTONOSUPPORT)
		(void)!handshake_answer(peer->socket, &refusal, -1, -1);
	if (!err) {
		answer(server, peer->socket, &handshake);
		if (handshake.mem >= 0)
			(void)close(handshake.mem);
		if (handshake.maps >= 0)
			(void)close(handshake.maps);
	}
	remove_peer(server, peer);
}

int server_adopt(struct server *server, int fd)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	int err = -ENOMEM;

	if (peer) {
		peer->watch = (struct watch){ .kind = WATCH_HELLO, .owner = peer };
		peer->socket = fd;
		err = server_watch(server, fd, EPOLLIN, &peer->watch);
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

/* A directory keeps others from the path, nothing keeps them from the abstract name. */
static bool is_welcome(int socket)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t bytes = sizeof(peer);
	uid_t own = geteuid();

	return own == 0 || (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0 &&
			    (peer.uid == own || peer.uid == 0));
}

static void accept_peers(struct server *server, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		if (is_welcome(fd))
			(void)!server_adopt(server, fd);
		else
			(void)close(fd);
	}
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
	server->start_ns = ticks_clock_ns(CLOCK_MONOTONIC);
	server->start_ticks = ticks_now();
	server->tick_watch.kind = WATCH_TICK;
	server->rest_watch.kind = WATCH_REST;
	for (size_t i = 0; i < ARRAY_SIZE(server->listen_watch); i++)
		server->listen_watch[i] = (struct watch){ .kind = WATCH_LISTEN, .fd = -1 };

	server->tick_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	server->rest_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (server->tick_timer < 0 || server->rest_timer < 0 || server->epoll < 0)
		err = neg_errno();
	else
		err = server_watch(server, server->tick_timer, EPOLLIN, &server->tick_watch);
	if (!err)
		err = server_watch(server, server->rest_timer, EPOLLIN, &server->rest_watch);
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
		server_image_check(server, image);
		server_image_end(server, image, IMAGE_RUNNING);
		(void)!scan_end(server, image, true);
	}
	for (struct peer *peer = server->peers; peer; peer = peer->next)
		remove_peer(server, peer);
	sweep(server);
	for (size_t i = 0; i < ARRAY_SIZE(server->listen_watch); i++)
		if (server->listen_watch[i].fd >= 0)
			(void)close(server->listen_watch[i].fd);
	if (server_path(server))
		(void)unlink(server->path);
	if (server->tick_timer >= 0)
		(void)close(server->tick_timer);
	if (server->rest_timer >= 0)
		(void)close(server->rest_timer);
	if (server->epoll >= 0)
		(void)close(server->epoll);
	free(server);
	return NULL;
}

/* Return: a descriptor or a negative errno. */
static int listen_at(const struct sockaddr_un *address, size_t bytes)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)address, (socklen_t)bytes) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		return neg_errno();
	return take_fd(&fd);
}

int server_listen(struct server *server, const char *directory)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct sockaddr_un abstract = { .sun_family = AF_UNIX };
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/" SERVER_SOCKET,
			 directory);
	struct watch *by_path = &server->listen_watch[0];
	struct watch *by_name = &server->listen_watch[1];
	int err;

	if (n < 0 || (size_t)n >= sizeof(address.sun_path) - 1)
		return -ENAMETOOLONG;
	by_path->fd = listen_at(&address, sizeof(address));
	if (by_path->fd < 0)
		return by_path->fd;
	memcpy(server->path, address.sun_path, sizeof(server->path));
	err = server_watch(server, by_path->fd, EPOLLIN, by_path);
	if (err)
		return err;

	/* For processes that can no longer reach the path; others do not miss it. */
	memcpy(abstract.sun_path + 1, address.sun_path, (size_t)n);
	by_name->fd = listen_at(&abstract, offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	if (by_name->fd >= 0 && server_watch(server, by_name->fd, EPOLLIN, by_name) < 0)
		(void)close(take_fd(&by_name->fd));
	return 0;
}

int server_listen_control(struct server *server)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct watch *by_name = &server->listen_watch[1];
	int n = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
			 SERVER_NAME "%ld/" SERVER_SOCKET, (long)getpid());

	by_name->fd = listen_at(&address, offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	return by_name->fd < 0 ? by_name->fd : server_watch(server, by_name->fd, EPOLLIN, by_name);
}

const char *server_path(const struct server *server)
{
	return server->path[0] ? server->path : NULL;
}

int server_fd(const struct server *server)
{
	return server->epoll;
}

static void handle(struct server *server, const struct watch *watch)
{
	switch (watch->kind) {
	case WATCH_LISTEN:
		accept_peers(server, watch->fd);
		break;
	case WATCH_TICK:
		clear_timer(server->tick_timer);
		for (struct image *image = server->images; image; image = image->next)
			server_image_tick(server, image);
		break;
	case WATCH_REST:
		clear_timer(server->rest_timer);
		server->resting = false;
		for (struct image *image = server->images; image; image = image->next)
			server_image_rested(server, image);
		break;
	case WATCH_HELLO:
		greet(server, watch->owner);
		break;
	case WATCH_PIPE:
		server_image_readable(server, watch->owner);
		break;
	case WATCH_SCAN:
		scan_readable(server, watch->owner);
		break;
	case WATCH_PROCESS:
		server_image_end(server, watch->owner, IMAGE_UNKNOWN);
		break;
	}
}

int server_step(struct server *server, int timeout_ms)
{
	struct epoll_event events[EPOLL_BATCH];
	int count = epoll_wait(server->epoll, events, EPOLL_BATCH, timeout_ms);

	if (count < 0)
		return errno == EINTR ? 0 : neg_errno();
	for (int i = 0; i < count; i++)
		handle(server, events[i].data.ptr);
	sweep(server);
	return 0;
}

size_t server_images(const struct server *server)
{
	return server->count;
}

bool server_has_pid(const struct server *server, uint32_t pid)
{
	for (const struct image *image = server->images; image; image = image->next)
		if (!image->gone && image->pid == pid)
			return true;
	return false;
}
