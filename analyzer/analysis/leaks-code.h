/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a look has found as bytes, and back: between processes, and in captures.
 */
#ifndef ANALYSIS_LEAKS_CODE_H
#define ANALYSIS_LEAKS_CODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/strbuf.h"
#include "model/result-leaks.h"

/** leaks_encode() - appended to @buf, whose .failed tells of memory that has run out */
void leaks_encode(const struct result_leaks *leaks, struct strbuf *buf);

/**
 * leaks_decode() - the reverse
 *
 * Return: 0 and *@ret_leaks, for leaks_free(); -ENOMEM; -EBADMSG.
 */
attr_nodiscard int leaks_decode(const uint8_t *bytes, size_t count,
				struct result_leaks **ret_leaks);

/**
 * leaks_failed() - a result that says why there is none
 * @stamp: of the mark, if it is about one
 *
 * Return: NULL when memory has run out.
 */
struct result_leaks *leaks_failed(uint32_t moment, uint64_t stamp, const char *why);

#endif /* ANALYSIS_LEAKS_CODE_H */
