/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the tenure that records a process, and talks to it. */
#include "ask.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "launch/listeners.h"

/* Seconds, for a look at all memory; and for one that most likely has nothing to do with it. */
#define PATIENCE	  90
#define STRANGER_PATIENCE 10

struct search {
	const struct control_request *request;
	int fd;
	int status;
};

uint32_t ask_pid(const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (text[0] >= '1' && text[0] <= '9' && !*end && errno == 0 && value <= INT32_MAX)
		return (uint32_t)value;
	log_error("'%s' is not the number of a process", text);
	return 0;
}

/* Anybody may take an abstract name: only what we or root run is told anything. */
static bool is_trusted(int socket)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t bytes = sizeof(peer);

	return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid() || geteuid() == 0);
}

/* Goes on until somebody knows the process. */
static bool try_one(void *arg, const struct listener *listener)
{
	struct search *search = arg;
	cleanup_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int patience = listener->named ? PATIENCE : STRANGER_PATIENCE;
	const struct timeval time = { .tv_sec = patience };
	int status;

	/* Also for connect(), where nobody takes those off the queue that came before. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)) < 0 ||
	    connect(fd, (const struct sockaddr *)&listener->address, listener->bytes) < 0 ||
	    !is_trusted(fd))
		return true;
	status = control_ask(fd, search->request, search->fd, patience);
	/* What others say who have nothing to do with the process is no answer. */
	if (status == 0 || listener->named)
		search->status = status;
	return status != 0;
}

static void explain(const struct control_request *request, const char *verb, int status,
		    bool readable)
{
	const char *why = log_reason(status);

	if (status == -ESRCH && listeners_is_gone((pid_t)request->pid))
		why = "there is no such process, or it has ended";
	else if (status == -ESRCH && !readable)
		why = "it belongs to another user";
	else if (status == -ESRCH)
		why = "it is not being profiled";
	else if (status == -EPERM)
		why = "the tenure that records it belongs to another user";
	else if (status == -EPROTONOSUPPORT || status == -EPROTO)
		why = "it is recorded by another version of tenure";
	else if (status == -ECONNRESET)
		why = "the tenure that recorded it has ended";
	else if (status == -ETIMEDOUT)
		why = "the tenure that records it does not answer";
	else if (status == -EBUSY)
		why = "somebody else is having it looked at";
	else if (status == -EIO)
		why = "it has ended meanwhile, or there was no memory to do it";
	log_error("cannot %s process %u: %s", verb, request->pid, why);
	if (status == -ESRCH && readable)
		log_hint("tenure run PROGRAM, and then the number of one of its processes");
}

int ask(const struct control_request *request, int fd, const char *verb)
{
	struct search search = { .request = request, .fd = fd, .status = -ESRCH };
	bool readable = listeners_each((pid_t)request->pid, try_one, &search);

	if (search.status < 0)
		explain(request, verb, search.status, readable);
	return search.status;
}
