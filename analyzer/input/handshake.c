/* SPDX-License-Identifier: Apache-2.0 */
/* Messages with descriptors over a SEQPACKET socket. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "handshake.h"

#define FDS_MAX 4u

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

/* Keep the first two descriptors that came, close the rest. */
static void take_descriptors(struct msghdr *message, int kept[2])
{
	size_t taken = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (taken < 2)
				kept[taken++] = fd;
			else
				(void)close(fd);
		}
	}
}

static uint32_t peer_pid(int socket)
{
	struct ucred peer = { 0 };
	socklen_t bytes = sizeof(peer);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) < 0 || peer.pid < 0)
		return 0;
	return (uint32_t)peer.pid;
}

int handshake_receive(int socket, struct handshake *ret_handshake)
{
	struct tenure_hello hello = { 0 };
	struct iovec part = { .iov_base = &hello, .iov_len = sizeof(hello) };
	union control control = { 0 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	cleanup_close int mem = -1;
	cleanup_close int maps = -1;
	int fds[2] = { -1, -1 };
	ssize_t n;

	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -EAGAIN : neg_errno();
	take_descriptors(&message, fds);
	mem = fds[0];
	maps = fds[1];
	if ((size_t)n < offsetof(struct tenure_hello, bytes) || hello.magic != TENURE_HELLO_MAGIC)
		return -EPROTO;
	if (hello.version != TENURE_WIRE_VERSION)
		return -EPROTONOSUPPORT;
	if ((size_t)n < sizeof(hello) || hello.bytes < sizeof(hello))
		return -EPROTO;

	*ret_handshake = (struct handshake){
		.hello = hello,
		.pid = peer_pid(socket),
		.mem = take_fd(&mem),
		.maps = take_fd(&maps),
	};
	return 0;
}

int handshake_answer(int socket, const struct tenure_welcome *welcome, int pipe, int memfd)
{
	struct tenure_welcome answer = *welcome;
	struct iovec part = { .iov_base = &answer, .iov_len = sizeof(answer) };
	union control control = { 0 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	const int fds[2] = { pipe, memfd };
	ssize_t n;

	answer.magic = TENURE_HELLO_MAGIC;
	answer.version = TENURE_WIRE_VERSION;
	if (pipe >= 0) {
		struct cmsghdr *head;

		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(fds));
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(fds));
		memcpy(CMSG_DATA(head), fds, sizeof(fds));
	}
	do
		n = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? neg_errno() : 0;
}

int handshake_pipe(int ret_ends[2], size_t *ret_bytes)
{
	int ends[2];
	int bytes = -1;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return neg_errno();
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
		int err = neg_errno();

		(void)close(ends[0]);
		(void)close(ends[1]);
		return err;
	}
	/* An unprivileged user's pipes together are limited: take less then. */
	for (int want = 1 << 20; want > 1 << 16 && bytes < 0; want /= 2)
		bytes = fcntl(ends[1], F_SETPIPE_SZ, want);
	if (bytes < 0)
		bytes = fcntl(ends[1], F_GETPIPE_SZ);

	*ret_bytes = bytes > 0 ? (size_t)bytes : 1u << 16;
	ret_ends[0] = ends[0];
	ret_ends[1] = ends[1];
	return 0;
}

int handshake_memfd(uint32_t mark_signal)
{
	const struct tenure_shared page = {
		.magic = TENURE_SHARED_MAGIC,
		.version = TENURE_WIRE_VERSION,
		.mark_signal = mark_signal,
	};
	cleanup_close int fd = memfd_create("tenure", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)TENURE_SHARED_BYTES) < 0 ||
	    pwrite(fd, &page, sizeof(page), 0) != (ssize_t)sizeof(page) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return neg_errno();
	return take_fd(&fd);
}
