/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quantities for people: three digits, binary units for bytes.
 *
 * The formatters return a small struct by value, so that a call can stand in
 * the argument list of printf: units_bytes(n).s.
 */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdint.h>

#include "base/attr.h"

struct units_text {
	char s[32];
};

/** units_bytes() - "0 B", "999 B", "1.23 KiB", "45.6 MiB" */
struct units_text units_bytes(uint64_t bytes);

/** units_count() - all digits, in groups: "1,234,567" */
struct units_text units_count(uint64_t count);

/** units_short_count() - "999", "1.23 k", "45.6 M" */
struct units_text units_short_count(uint64_t count);

/** units_time() - "0 s", "12 ns", "1.23 ms", "45.6 s", "2 min 05 s", "3 h 20 min" */
struct units_text units_time(uint64_t ns);

/** units_share() - @part of @whole: "12.3 %", "100 %", "<0.1 %"; "-" when @whole is 0 */
struct units_text units_share(uint64_t part, uint64_t whole);

/**
 * units_parse_bytes() - a size as written in an option
 * @text: digits, then nothing, B, K/KiB, M/MiB, G/GiB, T/TiB (binary) or
 *        kB, MB, GB, TB (decimal); a space may stand between
 *
 * Return: 0; -EINVAL when it is not a size; -ERANGE when it does not fit.
 */
attr_nodiscard int units_parse_bytes(const char *text, uint64_t *ret_bytes);

/**
 * units_parse_time() - a time as written in an option: "5ms", "20 us", "1s", "0"
 *
 * Return: 0 and nanoseconds; -EINVAL, also without a unit; -ERANGE.
 */
attr_nodiscard int units_parse_time(const char *text, uint64_t *ret_ns);

/** units_parse_count() - digits only.  Return: 0, -EINVAL or -ERANGE. */
attr_nodiscard int units_parse_count(const char *text, uint64_t *ret_count);

#endif /* BASE_UNITS_H */
