/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tenure that records can be asked for while it does: one message and
 * one answer over the socket that processes connect to.
 *
 * Both ends are the same version of the same program, or say so.
 */
#ifndef INPUT_CONTROL_H
#define INPUT_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

#define CONTROL_MAGIC	   0x4c525443u /* "CTRL" */
#define CONTROL_VERSION	   1u
#define CONTROL_TEXT_BYTES 256u

enum control_what {
	CONTROL_MARK = 1,     /* @arg: enum tenure_mark_kind; @text: its name */
	CONTROL_SNAPSHOT = 2, /* a report as of now, into the descriptor that comes along */
};

/**
 * struct control_request - what is wanted
 * @pid:   of the process it is about, as the one who asks sees it
 * @bytes: of @text, which need not end with NUL
 */
struct control_request {
	uint32_t magic;
	uint32_t version;
	uint32_t what; /* enum control_what */
	uint32_t pid;
	uint32_t arg;
	uint32_t bytes;
	char text[CONTROL_TEXT_BYTES];
};

/**
 * struct control_reply - what came of it
 * @status: 0 or a negative errno: -ESRCH: this tenure does not record that
 *          process, -EPERM: it is not yours, -EPROTONOSUPPORT: versions differ,
 *          -ENOSYS: it cannot do that, -EBUSY: it is at it, -EIO: it has failed
 */
struct control_reply {
	uint32_t magic;
	uint32_t version;
	int32_t status;
	uint32_t reserved;
};

/** control_is_waiting() - is the next message on @socket a request? */
bool control_is_waiting(int socket);

/**
 * control_receive() - the request that is waiting
 * @ret_fd: a descriptor that came along, owned by the caller; -1
 *
 * Return: 0, or a negative errno to answer with; then nothing is set.
 */
attr_nodiscard int control_receive(int socket, struct control_request *ret_request, int *ret_fd);

/** control_answer() - tell what came of it; whoever asked may be gone, which is fine */
void control_answer(int socket, int status);

/**
 * control_ask() - send a request over a connected socket and wait for the answer
 * @request:  .magic and .version are filled in here
 * @fd:       goes along; -1: none
 * @patience: seconds to wait for it
 *
 * Return: the status of the answer; or -ETIMEDOUT, -ECONNRESET (it has ended
 * meanwhile), or another negative errno.
 */
attr_nodiscard int control_ask(int socket, const struct control_request *request, int fd,
			       int patience);

#endif /* INPUT_CONTROL_H */
