/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes, counts and times for people; sizes from options. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/units.h"

/*
 * @value with three digits.  Rounding must not make a fourth, so the number of
 * decimals is chosen by what is left after rounding.
 */
static void three_digits(struct units_text *text, double value, const char *unit)
{
	int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

	(void)snprintf(text->s, sizeof(text->s), "%.*f %s", decimals, value, unit);
}

static struct units_text scaled(uint64_t value, double step, const char *const *units, size_t count)
{
	struct units_text text;
	double scaled_value = (double)value;
	size_t n = 0;

	if (value < 1000) {
		(void)snprintf(text.s, sizeof(text.s), "%" PRIu64 "%s%s", value,
			       *units[0] ? " " : "", units[0]);
		return text;
	}

	/* 999.5 would be rounded to a fourth digit. */
	while (scaled_value >= 999.5 && n + 1 < count) {
		scaled_value /= step;
		n++;
	}
	three_digits(&text, scaled_value, units[n]);
	return text;
}

struct units_text units_bytes(uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };

	return scaled(bytes, 1024, units, ARRAY_SIZE(units));
}

struct units_text units_short_count(uint64_t count)
{
	static const char *const units[] = { "", "k", "M", "G", "T", "P", "E" };

	return scaled(count, 1000, units, ARRAY_SIZE(units));
}

struct units_text units_count(uint64_t count)
{
	struct units_text text;
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	size_t at = 0;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			text.s[at++] = ',';
		text.s[at++] = digits[i];
	}
	text.s[at] = '\0';
	return text;
}

struct units_text units_time(uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	struct units_text text = { "0 s" };
	uint64_t seconds = ns / 1000000000u;

	if (ns == 0)
		return text;
	if (seconds < 120)
		return scaled(ns, 1000, units, ARRAY_SIZE(units));

	if (seconds < 7200)
		(void)snprintf(text.s, sizeof(text.s), "%" PRIu64 " min %02" PRIu64 " s",
			       seconds / 60, seconds % 60);
	else
		(void)snprintf(text.s, sizeof(text.s), "%" PRIu64 " h %02" PRIu64 " min",
			       seconds / 3600, seconds / 60 % 60);
	return text;
}

struct units_text units_share(uint64_t part, uint64_t whole)
{
	struct units_text text = { "-" };
	double percent;

	if (whole == 0)
		return text;

	percent = 100.0 * (double)part / (double)whole;
	if (part > 0 && percent < 0.05)
		(void)snprintf(text.s, sizeof(text.s), "<0.1 %%");
	else
		(void)snprintf(text.s, sizeof(text.s), "%.*f %%", percent < 99.95 ? 1 : 0, percent);
	return text;
}

/* Reads digits at @text; *ret_end is the first byte after them. */
static int parse_digits(const char *text, uint64_t *ret_value, const char **ret_end)
{
	uint64_t value = 0;

	if (*text < '0' || *text > '9')
		return -EINVAL;

	for (; *text >= '0' && *text <= '9'; text++) {
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return -ERANGE;
	}

	*ret_value = value;
	*ret_end = text;
	return 0;
}

int units_parse_count(const char *text, uint64_t *ret_count)
{
	const char *end;
	uint64_t value;
	int r = parse_digits(text, &value, &end);

	if (r < 0)
		return r;
	if (*end)
		return -EINVAL;

	*ret_count = value;
	return 0;
}

struct unit {
	const char *name;
	uint64_t factor;
};

/* A number and one of @units behind it. */
static int parse_with_unit(const char *text, const struct unit *units, size_t count,
			   uint64_t *ret_value)
{
	const char *end;
	uint64_t value;
	int r = parse_digits(text, &value, &end);

	if (r < 0)
		return r;

	if (*end == ' ')
		end++;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		if (__builtin_mul_overflow(value, units[i].factor, &value))
			return -ERANGE;
		*ret_value = value;
		return 0;
	}
	return -EINVAL;
}

int units_parse_bytes(const char *text, uint64_t *ret_bytes)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "B", 1 },
		{ "K", 1024 },
		{ "KiB", 1024 },
		{ "kB", 1000 },
		{ "M", 1024 * 1024 },
		{ "MiB", 1024 * 1024 },
		{ "MB", 1000 * 1000 },
		{ "G", 1024 * 1024 * 1024 },
		{ "GiB", 1024 * 1024 * 1024 },
		{ "GB", 1000 * 1000 * 1000 },
		{ "T", 1024ull * 1024 * 1024 * 1024 },
		{ "TiB", 1024ull * 1024 * 1024 * 1024 },
		{ "TB", 1000ull * 1000 * 1000 * 1000 },
	};

	return parse_with_unit(text, units, ARRAY_SIZE(units), ret_bytes);
}

int units_parse_time(const char *text, uint64_t *ret_ns)
{
	static const struct unit units[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "ms", 1000 * 1000 },
		{ "s", 1000 * 1000 * 1000 },
	};

	/* Nothing is nothing in any unit. */
	if (strcmp(text, "0") == 0)
		text = "0ns";
	return parse_with_unit(text, units, ARRAY_SIZE(units), ret_ns);
}
