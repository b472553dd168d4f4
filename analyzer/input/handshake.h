/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first words between a process and the analyzer, and the descriptors
 * that go with them.
 */
#ifndef INPUT_HANDSHAKE_H
#define INPUT_HANDSHAKE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "tenure/wire.h"

/**
 * struct handshake - what came with a hello
 * @pid: as the kernel says (SO_PEERCRED); 0 when it is out of sight
 * @mem: descriptor of the process's /proc/self/mem, owned; -1: none came
 * @maps: likewise of its /proc/self/maps
 */
struct handshake {
	struct tenure_hello hello;
	uint32_t pid;
	int mem;
	int maps;
};

/**
 * handshake_receive() - the hello, from a socket that is readable
 *
 * Return: 0; -EAGAIN: not yet; -EPROTONOSUPPORT: a hello of another version
 * (answer with TENURE_VERDICT_VERSION); -EPROTO: no hello; another negative
 * errno.
 */
attr_nodiscard int handshake_receive(int socket, struct handshake *ret_handshake);

/**
 * handshake_answer() - the welcome
 * @welcome: .magic and .version are filled in here
 * @pipe:    write end; -1 unless the verdict is RECORD
 * @memfd:   likewise
 *
 * Return: 0 or a negative errno.
 */
attr_nodiscard int handshake_answer(int socket, const struct tenure_welcome *welcome, int pipe,
				    int memfd);

/** handshake_pipe() - a pipe as large as allowed; the read end does not block */
attr_nodiscard int handshake_pipe(int ret_ends[2], size_t *ret_bytes);

/** handshake_memfd() - shared memory with its header, sealed.  A descriptor or a negative errno */
attr_nodiscard int handshake_memfd(uint32_t mark_signal);

#endif /* INPUT_HANDSHAKE_H */
