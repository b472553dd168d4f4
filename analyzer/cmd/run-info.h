/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only the one who ran the program knows, and how it travels in a
 * capture file, so that a report made from it later says the same.
 */
#ifndef CMD_RUN_INFO_H
#define CMD_RUN_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/strbuf.h"

/**
 * struct run_info - one run
 * @argv:       ended by NULL
 * @cwd, @host: "" when unknown
 * @hash_seed:  PYTHONHASHSEED as it was set, or ""
 * @pid:        of the program
 * @status:     as from waitpid(); only with @has_status
 * @owned:      what the strings point into, when read from a capture
 */
struct run_info {
	const char *const *argv;
	const char *cwd;
	const char *host;
	const char *hash_seed;
	uint64_t start_unix_ns;
	uint64_t duration_ns;
	uint32_t pid;
	int32_t status;
	bool has_status;
	void *owned;
};

/** run_info_encode() - append it to @out as the payload of a CAPTURE_RUN packet */
void run_info_encode(const struct run_info *info, struct strbuf *out);

/**
 * run_info_decode() - and back
 *
 * Return: 0 and what is to be given to run_info_fini(); -EBADMSG or -ENOMEM.
 */
attr_nodiscard int run_info_decode(const uint8_t *bytes, size_t count, struct run_info *ret_info);

void run_info_fini(struct run_info *info);

#endif /* CMD_RUN_INFO_H */
