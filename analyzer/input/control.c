/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to a tenure that records, both ends. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/err.h"
#include "control.h"

#define PATIENCE_SECONDS 30

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

int control_receive(int socket, struct control_request *ret_request)
{
	struct control_request request = { 0 };
	ssize_t n = recv(socket, &request, sizeof(request), MSG_DONTWAIT);

	if (n < 0)
		return neg_errno();
	if ((size_t)n < 2 * sizeof(uint32_t) || request.version != CONTROL_VERSION)
		return -EPROTONOSUPPORT;
	if ((size_t)n < sizeof(request) || request.bytes > CONTROL_TEXT_BYTES)
		return -EPROTO;
	if (!is_allowed(socket))
		return -EPERM;
	*ret_request = request;
	return 0;
}

void control_answer(int socket, int status)
{
	const struct control_reply reply = { CONTROL_MAGIC, CONTROL_VERSION, status, 0 };

	(void)!send(socket, &reply, sizeof(reply), MSG_NOSIGNAL | MSG_DONTWAIT);
}

int control_ask(int socket, const struct control_request *request)
{
	const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
	struct control_request message = *request;
	struct control_reply reply = { 0 };
	ssize_t n;

	message.magic = CONTROL_MAGIC;
	message.version = CONTROL_VERSION;
	(void)setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(socket, &message, sizeof(message), MSG_NOSIGNAL) < 0)
		return neg_errno();
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
