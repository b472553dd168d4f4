/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to a tenure that records: what others may send. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "input/control.h"

#include "test.h"

/* @request with @count copies of a descriptor beside it. */
static void send_with(int to, const struct control_request *request, size_t count)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} control = { 0 };
	struct iovec part = { (void *)(uintptr_t)request, sizeof(*request) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = CMSG_SPACE(count * sizeof(int)) };
	int fds[4] = { to, to, to, to };

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(&control.head), fds, count * sizeof(int));
	CHECK(sendmsg(to, &message, 0) == (ssize_t)sizeof(*request));
}

/* The number that the next descriptor gets: none is left over if it stays the same. */
static int next_fd(void)
{
	int fd = dup(STDOUT_FILENO);

	CHECK(fd >= 0);
	(void)close(fd);
	return fd;
}

TEST(no_descriptor_is_left_open_however_many_come)
{
	struct control_request request = { .magic = CONTROL_MAGIC,
					   .version = CONTROL_VERSION,
					   .what = CONTROL_SNAPSHOT };

	for (size_t count = 1; count <= 4; count++) {
		struct control_request got;
		int ends[2], fd = -1, before;

		CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
		before = next_fd();
		send_with(ends[0], &request, count);
		CHECK(control_is_waiting(ends[1]));
		CHECK_EQ(control_receive(ends[1], &got, &fd), 0);
		CHECK_EQ(got.what, CONTROL_SNAPSHOT);
		CHECK_EQ(fd, before);
		CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		(void)close(fd);
		CHECK_EQ(next_fd(), before);

		/* Nor of a request that is refused. */
		request.version++;
		send_with(ends[0], &request, count);
		CHECK_EQ(control_receive(ends[1], &got, &fd), -EPROTONOSUPPORT);
		CHECK_EQ(next_fd(), before);
		request.version--;
		(void)close(ends[0]);
		(void)close(ends[1]);
	}
}
