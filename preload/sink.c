/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole chunks onto the pipe, and what happens when it is full or gone.
 *
 * Signals stay blocked during a flush, so that a handler which allocates does
 * not find the guard busy and its event is not lost.  While the pipe is full
 * they are let through every PATIENCE_MS, so that a program held back by a
 * slow analyzer still hears SIGTERM.
 */
#include "sink.h"

#include <errno.h>
#include <poll.h>

#include "config.h"
#include "hello.h"
#include "off.h"
#include "sys.h"

#define PATIENCE_MS 100

/* Handshakes begun anew because the program has closed the socket under them. */
#define RECONNECT_TRIES 20

/* Writes of one chunk into a descriptor that was closed or became another just then. */
#define STRAYS_MAX 100

bool sink_fd_is_ours(const struct image_fd *held)
{
	struct stat st;

	return held->fd >= 0 && sys_fstat(held->fd, &st) == 0 && st.st_dev == held->dev &&
	       st.st_ino == held->inode;
}

static void replace(struct image_fd *held, const struct image_fd *fresh)
{
	/* A reader that meets the halves of two finds "not ours" and comes to the lock. */
	__atomic_store_n(&held->fd, -1, __ATOMIC_SEQ_CST);
	held->dev = fresh->dev;
	held->inode = fresh->inode;
	__atomic_store_n(&held->fd, fresh->fd, __ATOMIC_SEQ_CST);
}

static int reconnect_locked(void)
{
	struct tenure_welcome welcome;
	struct image_fd pipe, memory;
	int fd, err;

	if (sink_fd_is_ours(&image->pipe) && sink_fd_is_ours(&image->memory))
		return 0;
	if (!config.socket[0])
		return -ENOTCONN;

	fd = hello_connect(config.socket);
	if (fd < 0)
		return fd;
	err = hello_exchange(fd, TENURE_HELLO_RECONNECT, image->number, &welcome, &pipe, &memory);
	if (err)
		return err;
	if (sink_fd_is_ours(&image->pipe))
		(void)sys_close(image->pipe.fd);
	if (sink_fd_is_ours(&image->memory))
		(void)sys_close(image->memory.fd);
	replace(&image->pipe, &pipe);
	replace(&image->memory, &memory);
	return 0;
}

int sink_reconnect(void)
{
	struct sys_sigset old;
	int tries = 0;
	int err;

	sys_sigmask_all(&old);
	while (__atomic_exchange_n(&image->sink_lock, 1, __ATOMIC_ACQUIRE))
		sys_pause();
	do
		err = reconnect_locked();
	while ((err == -EBADF || err == -ENOTSOCK) && ++tries < RECONNECT_TRIES);
	/* Release: pairs with the exchange above. */
	__atomic_store_n(&image->sink_lock, 0, __ATOMIC_RELEASE);
	(void)sys_sigmask(&old, NULL);
	return err;
}

/*
 * The write has raised SIGPIPE, which is blocked: take it away again, unless
 * one was pending before.
 */
static void swallow_sigpipe(bool was_pending)
{
	const struct sys_sigset set = { .bits = 1ull << (SIGPIPE - 1) };
	const struct timespec now = { 0 };

	if (!was_pending)
		(void)SYS_CALL4(SYS_rt_sigtimedwait, &set, NULL, &now, sizeof(set));
}

static bool is_sigpipe_pending(void)
{
	struct sys_sigset pending = { 0 };

	(void)SYS_CALL2(SYS_rt_sigpending, &pending, sizeof(pending));
	return pending.bits & 1ull << (SIGPIPE - 1);
}

/* Wait for room with signals blocked, and let those that wait through now and then. */
static void wait_for_room(const struct sys_sigset *old)
{
	const struct timespec patience = { .tv_nsec = PATIENCE_MS * 1000000l };
	struct pollfd poll = { .fd = image->pipe.fd, .events = POLLOUT };
	struct timespec left = patience;
	struct sys_sigset ignored;

	if (SYS_CALL5(SYS_ppoll, &poll, 1, &left, NULL, 0) != 0)
		return;
	(void)sys_sigmask(old, NULL);
	sys_sigmask_all(&ignored);
}

static int write_blocked(const void *chunk, uint32_t bytes, const struct sys_sigset *old)
{
	/* Only a program that blocks SIGPIPE itself can have one pending. */
	int strays = 0;
	bool blocks_sigpipe = old->bits & 1ull << (SIGPIPE - 1);

	for (;;) {
		bool pending = blocks_sigpipe && is_sigpipe_pending();
		long n;

		if (!sink_fd_is_ours(&image->pipe)) {
			int err = sink_reconnect();

			if (err)
				return err;
		}
		n = sys_write(image->pipe.fd, chunk, bytes);
		if (n == (long)bytes)
			return 0;
		if (n >= 0)
			return -EIO; /* not a pipe any more: at most PIPE_BUF is written whole */
		if (n == -EPIPE) {
			swallow_sigpipe(pending);
			return -EPIPE;
		}
		if (n == -EAGAIN)
			wait_for_room(old);
		else if (n != -EINTR && ((n != -EBADF && n != -EPERM) || ++strays > STRAYS_MAX))
			return (int)n;
	}
}

int sink_write(const void *chunk, uint32_t bytes)
{
	struct sys_sigset old;
	int err;

	sys_sigmask_all(&old);
	err = write_blocked(chunk, bytes, &old);
	(void)sys_sigmask(&old, NULL);
	if (err == -EPIPE)
		shim_off("the analyzer has gone");
	else if (err)
		shim_off("the program has closed the pipe to the analyzer");
	return err;
}
