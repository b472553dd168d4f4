/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to a tenure that records, both ends. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "control.h"

/* Only root and whoever runs this tenure: a mark is in the report for good. */
static bool is_allowed(int socket)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t bytes = sizeof(peer);

	return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

bool control_is_waiting(int socket)
{
	uint32_t magic = 0;

	return recv(socket, &magic, sizeof(magic), MSG_PEEK | MSG_DONTWAIT) ==
		       (ssize_t)sizeof(magic) &&
	       magic == CONTROL_MAGIC;
}

/* A descriptor beside a message. */
union control_fd {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

/* There is room for one, but the padding behind it may hold another.  Return: the first, or -1. */
static int take_descriptor(struct msghdr *message)
{
	int kept = -1;

	for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head;
	     head = CMSG_NXTHDR(message, head)) {
		size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(head) + i * sizeof(fd), sizeof(fd));
			if (kept < 0)
				kept = fd;
			else
				(void)close(fd);
		}
	}
	return kept;
}

int control_receive(int socket, struct control_request *ret_request, int *ret_fd)
{
	struct control_request request = { 0 };
	struct iovec part = { &request, sizeof(request) };
	union control_fd control = { 0 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t n = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	cleanup_close int fd = -1;

	if (n < 0)
		return neg_errno();
	fd = take_descriptor(&message);
	if ((size_t)n < 2 * sizeof(uint32_t) || request.version != CONTROL_VERSION)
		return -EPROTONOSUPPORT;
	if ((size_t)n < sizeof(request) || request.bytes > CONTROL_TEXT_BYTES)
		return -EPROTO;
	if (!is_allowed(socket))
		return -EPERM;
	*ret_request = request;
	*ret_fd = take_fd(&fd);
	return 0;
}

void control_answer(int socket, int status)
{
	const struct control_reply reply = { CONTROL_MAGIC, CONTROL_VERSION, status, 0 };

	(void)!send(socket, &reply, sizeof(reply), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static int send_request(int socket, const struct control_request *request, int fd)
{
	struct iovec part = { (void *)(uintptr_t)request, sizeof(*request) };
	union control_fd control = { 0 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? neg_errno() : 0;
}

int control_ask(int socket, const struct control_request *request, int fd, int patience)
{
	const struct timeval time = { .tv_sec = patience };
	struct control_request message = *request;
	struct control_reply reply = { 0 };
	ssize_t n;
	int r;

	message.magic = CONTROL_MAGIC;
	message.version = CONTROL_VERSION;
	(void)setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	r = send_request(socket, &message, fd);
	if (r < 0)
		return r;
	do
		n = recv(socket, &reply, sizeof(reply), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : neg_errno();
	if (n == 0)
		return -ECONNRESET;
	if ((size_t)n < sizeof(reply) || reply.magic != CONTROL_MAGIC)
		return -EPROTO;
	return reply.version == CONTROL_VERSION ? reply.status : -EPROTONOSUPPORT;
}
