/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake with the analyzer, over a socket used once.
 */
#include "hello.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/attr.h"
#include "sys.h"

#define FD_LOWEST      700 /* above what programs open, close by habit or select() on */
#define ANSWER_SECONDS 30  /* an analyzer that is silent for longer is taken for dead */

#if defined(__x86_64__)
#define HELLO_ARCH 62 /* EM_X86_64 */
#else
#define HELLO_ARCH 183 /* EM_AARCH64 */
#endif

int hello_move_up(int fd)
{
	struct rlimit limit = { 0 };
	long lowest = FD_LOWEST;
	long up;

	if (SYS_CALL4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) == 0 &&
	    limit.rlim_cur < FD_LOWEST + 16)
		lowest = limit.rlim_cur > 32 ? (long)limit.rlim_cur - 16 : 3;
	up = sys_fcntl(fd, F_DUPFD_CLOEXEC, lowest);
	if (up < 0)
		up = sys_fcntl(fd, F_DUPFD_CLOEXEC, 3);
	(void)sys_close(fd);
	return (int)up;
}

static int connect_to(const char *path, bool abstract)
{
	const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t n = strlen(path);
	size_t bytes = offsetof(struct sockaddr_un, sun_path) + n;
	long fd, err;

	if (n == 0 || n >= sizeof(addr.sun_path))
		return -EINVAL;
	memcpy(addr.sun_path, path, n + 1);
	if (path[0] == '@') {
		addr.sun_path[0] = '\0';
	} else if (abstract) {
		if (n + 1 >= sizeof(addr.sun_path))
			return -EINVAL;
		memmove(addr.sun_path + 1, path, n);
		addr.sun_path[0] = '\0';
		bytes++;
	} else {
		bytes++;
	}

	fd = SYS_CALL3(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return (int)fd;
	(void)SYS_CALL5(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	err = SYS_CALL3(SYS_connect, fd, &addr, bytes);
	if (err < 0) {
		(void)sys_close((int)fd);
		return (int)err;
	}
	return (int)fd;
}

int hello_connect(const char *path)
{
	int fd = connect_to(path, false);

	/* Out of reach for whoever has changed its root or its rights: another name of it. */
	return fd == -ENOENT || fd == -EACCES ? connect_to(path, true) : fd;
}

/* Room for the control message of at most two descriptors. */
union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(2 * sizeof(int))];
};

/* The descriptors are that of the memory and that of its map, if they could be had. */
static long send_hello(int fd, const struct tenure_hello *hello, const int fds[2])
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)hello, .iov_len = sizeof(*hello) };
	union control control = { 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fds[0] >= 0) {
		size_t bytes = fds[1] >= 0 ? 2 * sizeof(int) : sizeof(int);

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(bytes);
		control.head.cmsg_len = CMSG_LEN(bytes);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&control.head), fds, bytes);
	}
	return SYS_CALL3(SYS_sendmsg, fd, &msg, MSG_NOSIGNAL);
}

/* Return: number of descriptors in @ret_fds, or a negative errno. */
static int receive_welcome(int fd, struct tenure_welcome *ret, int ret_fds[2])
{
	struct iovec iov = { .iov_base = ret, .iov_len = sizeof(*ret) };
	union control control = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	size_t count;
	long n;

	(void)SYS_CALL5(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	n = SYS_CALL3(SYS_recvmsg, fd, &msg, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return (int)n;
	if (n == 0)
		return -ECONNREFUSED;
	if (n != (long)sizeof(*ret))
		return -EPROTO;
	if (msg.msg_controllen < sizeof(control.head) || control.head.cmsg_level != SOL_SOCKET ||
	    control.head.cmsg_type != SCM_RIGHTS)
		return 0;
	count = (control.head.cmsg_len - CMSG_LEN(0)) / sizeof(int);
	if (count > 2)
		count = 2;
	memcpy(ret_fds, CMSG_DATA(&control.head), count * sizeof(int));
	return (int)count;
}

static int adopt(int fd, struct image_fd *ret)
{
	struct stat st;
	int up = hello_move_up(fd);
	long err;

	if (up < 0)
		return up;
	err = sys_fstat(up, &st);
	if (err < 0) {
		(void)sys_close(up);
		return (int)err;
	}
	ret->dev = st.st_dev;
	ret->inode = st.st_ino;
	ret->fd = up;
	return 0;
}

static int verdict_of(const struct tenure_welcome *welcome)
{
	if (welcome->magic != TENURE_HELLO_MAGIC)
		return -EPROTO;
	if (welcome->verdict == TENURE_VERDICT_VERSION || welcome->version != TENURE_WIRE_VERSION)
		return -EPROTO;
	return welcome->verdict == TENURE_VERDICT_RECORD ? 0 : -ECONNREFUSED;
}

int hello_exchange(int fd, uint32_t flags, uint64_t number, struct tenure_welcome *ret,
		   struct image_fd *ret_pipe, struct image_fd *ret_memory)
{
	struct tenure_hello hello = {
		.magic = TENURE_HELLO_MAGIC,
		.version = TENURE_WIRE_VERSION,
		.bytes = sizeof(hello),
		.pid = sys_getpid(),
		.ppid = sys_getppid(),
		.flags = flags,
		.arch = HELLO_ARCH,
		.image = number,
	};
	int fds[2] = { -1, -1 };
	int own[2], err, count;

	hello.page_size = (uint32_t)getauxval(AT_PAGESZ);
	(void)sys_clock_ns(CLOCK_MONOTONIC, &hello.clock_ns);
	hello.ticks = sys_ticks();

	own[0] = (int)sys_open("/proc/self/mem", O_RDONLY);
	own[1] = (int)sys_open("/proc/self/maps", O_RDONLY);
	err = (int)send_hello(fd, &hello, own);
	for (int i = 0; i < 2; i++)
		if (own[i] >= 0)
			(void)sys_close(own[i]);
	count = err < 0 ? err : receive_welcome(fd, ret, fds);
	(void)sys_close(fd);
	if (count < 0)
		return count;

	err = verdict_of(ret);
	if (!err && count != 2)
		err = -EPROTO;
	if (err)
		goto out;

	err = adopt(fds[0], ret_pipe);
	fds[0] = -1;
	if (err)
		goto out;
	(void)sys_fcntl(ret_pipe->fd, F_SETFL, O_WRONLY | O_NONBLOCK);
	err = adopt(fds[1], ret_memory);
	fds[1] = -1;
	if (err)
		(void)sys_close(ret_pipe->fd);
	else
		/* A chunk for a pipe that had this number until now fails: the size is sealed. */
		(void)SYS_CALL3(SYS_lseek, ret_memory->fd, 0, SEEK_END);
out:
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			(void)sys_close(fds[i]);
	return err;
}
