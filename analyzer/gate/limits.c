/* SPDX-License-Identifier: Apache-2.0 */
/* Limits as they are written and printed. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/nearest.h"
#include "base/units.h"
#include "gate/limits.h"

#define VALUE_MAX   64u
#define PERCENT_MAX 1000000u /* in hundredths: 10,000 % */

static const struct {
	const char *name;
	enum gate_unit unit;
} metrics[LIMITS_COUNT] = {
	[LIMITS_PEAK] = { "peak", GATE_BYTES },
	[LIMITS_LIVE] = { "live", GATE_BYTES },
	[LIMITS_SURVIVORS] = { "survivors", GATE_BYTES },
	[LIMITS_SURVIVORS_0] = { "survivors-0", GATE_BYTES },
	[LIMITS_SURVIVORS_1] = { "survivors-1", GATE_BYTES },
	[LIMITS_ALLOCATIONS] = { "allocations", GATE_BLOCKS },
	[LIMITS_ALLOCATED] = { "allocated", GATE_BYTES },
	[LIMITS_TEMPORARY] = { "temporary", GATE_BLOCKS },
	[LIMITS_COLLECTED] = { "collected", GATE_BLOCKS },
	[LIMITS_UNCOLLECTABLE] = { "uncollectable", GATE_BLOCKS },
	[LIMITS_CYCLES] = { "cycles", GATE_BLOCKS },
	[LIMITS_GC_PAUSE] = { "gc-pause", GATE_NANOSECONDS },
	[LIMITS_GROWTH] = { "growth", GATE_BYTES_PER_ITERATION },
	[LIMITS_LEAKS] = { "leaks", GATE_BYTES },
};

const enum limits_metric limits_totals[LIMITS_TOTALS_COUNT] = {
	LIMITS_ALLOCATED, LIMITS_ALLOCATIONS, LIMITS_LIVE,
	LIMITS_PEAK,	  LIMITS_SURVIVORS,   LIMITS_TEMPORARY,
};

bool limits_is_total(enum limits_metric metric)
{
	for (size_t i = 0; i < LIMITS_TOTALS_COUNT; i++)
		if (limits_totals[i] == metric)
			return true;
	return false;
}

bool limits_is_by_signature(enum limits_metric metric)
{
	return metric == LIMITS_LEAKS || metric == LIMITS_CYCLES;
}

bool limits_needs_python(enum limits_metric metric)
{
	return metric == LIMITS_COLLECTED || metric == LIMITS_UNCOLLECTABLE ||
	       metric == LIMITS_CYCLES || metric == LIMITS_GC_PAUSE;
}

const char *limits_name(enum limits_metric metric)
{
	return metrics[metric].name;
}

enum gate_unit limits_unit(enum limits_metric metric)
{
	return metrics[metric].unit;
}

int limits_find(const char *name, enum limits_metric *ret_metric, const char **ret_best)
{
	size_t distance = 0;

	*ret_best = NULL;
	if (strcmp(name, "live-at-exit") == 0)
		name = "live";
	if (strcmp(name, "survivors-2") == 0)
		name = "survivors";
	for (unsigned int i = 0; i < LIMITS_COUNT; i++) {
		if (strcmp(name, metrics[i].name) == 0) {
			*ret_metric = (enum limits_metric)i;
			return 0;
		}
		nearest_feed(name, metrics[i].name, ret_best, &distance);
	}
	return -EINVAL;
}

/* "5%", "0.25%".  Return: hundredths of a per cent, or -EINVAL. */
static int64_t parse_percent(const char *text)
{
	int64_t value = 0;
	unsigned int decimals = 0;
	bool point = false;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	for (; isdigit((unsigned char)*text) || (*text == '.' && !point); text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		if (point && ++decimals > 2)
			return -EINVAL;
		value = value * 10 + (*text - '0');
		if (value > PERCENT_MAX)
			return -EINVAL;
	}
	for (; decimals < 2; decimals++)
		value *= 10;
	while (*text == ' ')
		text++;
	return strcmp(text, "%") == 0 && value <= PERCENT_MAX ? value : -EINVAL;
}

/* A copy of [@from, @from + @count) without spaces around it.  Return: 0 or -EINVAL */
static int trim(const char *from, size_t count, char *to)
{
	while (count && isspace((unsigned char)*from)) {
		from++;
		count--;
	}
	while (count && isspace((unsigned char)from[count - 1]))
		count--;
	if (!count || count >= VALUE_MAX)
		return -EINVAL;
	memcpy(to, from, count);
	to[count] = '\0';
	return 0;
}

static int parse_part(const char *text, enum limits_metric metric, struct limits_value *value,
		      bool *has_percent, bool *has_bytes)
{
	int64_t percent;

	if (strchr(text, '%')) {
		percent = parse_percent(text);
		if (percent < 0 || *has_percent)
			return -EINVAL;
		value->percent = (uint64_t)percent;
		*has_percent = true;
		return 0;
	}
	if (*has_bytes)
		return -EINVAL;
	*has_bytes = true;
	if (metrics[metric].unit == GATE_BLOCKS)
		return units_parse_count(text, &value->bytes);
	if (metrics[metric].unit == GATE_NANOSECONDS)
		return units_parse_time(text, &value->bytes);
	return units_parse_bytes(text, &value->bytes);
}

int limits_parse(const char *text, enum limits_metric metric, struct limits_value *value)
{
	struct limits_value read = { 0 };
	bool has_percent = false, has_bytes = false;
	const char *bar = strchr(text, '|');
	char part[VALUE_MAX];
	int r = trim(text, bar ? (size_t)(bar - text) : strlen(text), part);

	if (r < 0)
		return r;
	if (!bar && strcmp(part, "off") == 0) {
		read.off = true;
		*value = read;
		return 0;
	}
	r = parse_part(part, metric, &read, &has_percent, &has_bytes);
	if (r == 0 && bar) {
		r = trim(bar + 1, strlen(bar + 1), part);
		if (r == 0)
			r = parse_part(part, metric, &read, &has_percent, &has_bytes);
	}
	if (r < 0)
		return r;
	read.relative = has_percent;
	if (read.relative && !limits_is_total(metric) && !limits_is_by_signature(metric))
		return -EINVAL;
	*value = read;
	return 0;
}

uint64_t limits_allowed(const struct limits_value *value, uint64_t baseline)
{
	unsigned __int128 share = (unsigned __int128)baseline * value->percent / 10000;
	unsigned __int128 more = share > value->bytes ? share : value->bytes;

	if (!value->relative)
		return value->bytes;
	return baseline + more > UINT64_MAX ? UINT64_MAX : (uint64_t)(baseline + more);
}

void limits_print(struct strbuf *text, enum gate_unit unit, uint64_t value)
{
	switch (unit) {
	case GATE_BYTES:
		strbuf_adds(text, units_bytes(value).s);
		break;
	case GATE_BLOCKS:
		strbuf_adds(text, units_count(value).s);
		break;
	case GATE_BYTES_PER_ITERATION:
		strbuf_addf(text, "%s bytes per iteration", units_count(value).s);
		break;
	case GATE_NANOSECONDS:
		strbuf_adds(text, units_time(value).s);
		break;
	case GATE_UNIT_COUNT:
		break;
	}
}
