/* SPDX-License-Identifier: Apache-2.0 */
/* The budget file and limits of the command line. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/nearest.h"
#include "base/units.h"
#include "gate/config.h"
#include "gate/scope.h"

#define LINE_BYTES_MAX 1024u
#define SECTIONS_MAX   10000u

/* One reading of a file. */
struct parser {
	struct gate_config *config;
	unsigned int line;
	char section[32];
	const char *name; /* of the section, or NULL */
};

static int fail(struct parser *parser, const char *format, ...) attr_printf(2, 3);

static int fail(struct parser *parser, const char *format, ...)
{
	char *error = parser->config->error;
	size_t space = sizeof(parser->config->error);
	va_list args;
	int used = 0;

	if (parser->line)
		used = snprintf(error, space, "line %u: ", parser->line);
	va_start(args, format);
	(void)vsnprintf(error + used, space - (size_t)used, format, args);
	va_end(args);
	return -EINVAL;
}

static int unknown(struct parser *parser, const char *what, const char *word, const char *best)
{
	if (best)
		return fail(parser, "unknown %s '%.40s'; did you mean '%s'?", what, word, best);
	return fail(parser, "unknown %s '%.40s'", what, word);
}

static int add_limit(struct parser *parser, const char *scope, enum limits_metric metric,
		     const struct limits_value *value)
{
	const struct limit limit = { scope, metric, *value, parser->line };

	if (metric == LIMITS_GROWTH)
		parser->config->growth_asked = true;
	return vec_push(&parser->config->limits, limit);
}

static int bad_value(struct parser *parser, const char *key, const char *value, const char *wanted)
{
	return fail(parser, "invalid value '%.40s' for '%s': it must be %s", value, key, wanted);
}

static const char *wanted_of(enum limits_metric metric)
{
	enum gate_unit unit = limits_unit(metric);

	return unit == GATE_BLOCKS	  ? "a number, such as 12000, or off"
	       : unit == GATE_NANOSECONDS ? "a time, such as 20ms, or off"
					  : "a size, such as 200MiB, or off";
}

/* ------------------------------------------------------------------ sections */

static int gate_key(struct parser *parser, const char *key, const char *value)
{
	static const char *const others[] = { "warmup", "intervals", "inconclusive" };
	struct gate_config *config = parser->config;
	struct limits_value limit;
	enum limits_metric metric;
	const char *best;
	size_t distance = 0;

	if (strcmp(key, "warmup") == 0)
		return units_parse_count(value, &config->warmup) < 0
			       ? bad_value(parser, key, value, "a number")
			       : 0;
	if (strcmp(key, "intervals") == 0)
		return units_parse_count(value, &config->intervals) < 0 ||
				       config->intervals < CONFIG_INTERVALS
			       ? bad_value(parser, key, value, "a number, 3 or more")
			       : 0;
	if (strcmp(key, "inconclusive") == 0) {
		config->inconclusive_passes = strcmp(value, "pass") == 0;
		return config->inconclusive_passes || strcmp(value, "fail") == 0
			       ? 0
			       : bad_value(parser, key, value, "pass or fail");
	}
	if (limits_find(key, &metric, &best) < 0) {
		for (size_t i = 0; i < ARRAY_SIZE(others); i++)
			nearest_feed(key, others[i], &best, &distance);
		return unknown(parser, "key", key, best);
	}
	if (!limits_is_total(metric) && metric != LIMITS_GROWTH && !limits_is_by_signature(metric))
		return fail(parser, "'%s' has no baseline: it belongs in [budget]", key);
	if (limits_parse(value, metric, &limit) < 0)
		return bad_value(parser, key, value,
				 metric == LIMITS_GROWTH ? "a number of bytes per iteration, or off"
							 : "a distance, such as 5% | 1MiB, or off");
	limit.relative = metric != LIMITS_GROWTH;
	return add_limit(parser, "process", metric, &limit);
}

static int budget_key(struct parser *parser, const char *key, const char *value)
{
	const char *scope = parser->name ? parser->name : "process";
	struct limits_value limit;
	enum limits_metric metric;
	const char *best;

	if (limits_find(key, &metric, &best) < 0)
		return unknown(parser, "key", key, best);
	if (metric == LIMITS_GROWTH || metric == LIMITS_LEAKS)
		return fail(parser, "'%s' belongs in [gate]", key);
	if (!scope_has(scope, metric))
		return fail(parser, "there is no figure '%s' of '%.60s'", key, scope);
	if (limits_parse(value, metric, &limit) < 0)
		return bad_value(parser, key, value, wanted_of(metric));
	if (limit.relative)
		return fail(parser, "a budget is absolute; '%s' belongs in [gate]", value);
	return add_limit(parser, scope, metric, &limit);
}

/* "2027-06-30" to 20270630.  Return: 0 or -EINVAL */
static int parse_day(const char *text, uint32_t *ret_day)
{
	unsigned int year, month, day;
	int length = 0;

	if (strlen(text) != 10 ||
	    sscanf(text, "%4u-%2u-%2u%n", &year, &month, &day, &length) != 3 || length != 10 ||
	    month < 1 || month > 12 || day < 1 || day > 31)
		return -EINVAL;
	*ret_day = year * 10000 + month * 100 + day;
	return 0;
}

static int suppress_key(struct parser *parser, const char *key, const char *value)
{
	static const char *const keys[] = { "match", "reason", "issue", "max", "until" };
	struct suppression *suppression =
		&parser->config->suppressions.at[parser->config->suppressions.count - 1];
	const char *best = NULL;
	size_t distance = 0;

	if (strcmp(key, "match") == 0) {
		if (!scope_is_pattern(value))
			return bad_value(parser, key, value,
					 "sig:, function:, dso:, package: or leak: and a pattern");
		suppression->match = value;
		return 0;
	}
	if (strcmp(key, "reason") == 0 || strcmp(key, "issue") == 0) {
		suppression->reason = value;
		return 0;
	}
	if (strcmp(key, "max") == 0) {
		suppression->has_max = true;
		return units_parse_bytes(value, &suppression->max) < 0
			       ? bad_value(parser, key, value, "a size, such as 64KiB")
			       : 0;
	}
	if (strcmp(key, "until") == 0)
		return parse_day(value, &suppression->until) < 0
			       ? bad_value(parser, key, value, "a day, such as 2027-06-30")
			       : 0;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		nearest_feed(key, keys[i], &best, &distance);
	return unknown(parser, "key", key, best);
}

static int baseline_key(struct parser *parser, const char *key, const char *value)
{
	const char *best = NULL;
	size_t distance = 0;

	if (strcmp(key, "file") == 0) {
		parser->config->baseline = value;
		return 0;
	}
	nearest_feed(key, "file", &best, &distance);
	return unknown(parser, "key", key, best);
}

/* What a section must have, when the next one begins. */
static int end_section(struct parser *parser)
{
	const struct suppression *suppression;

	if (strcmp(parser->section, "suppress") != 0)
		return 0;
	suppression = &parser->config->suppressions.at[parser->config->suppressions.count - 1];
	parser->line = suppression->line;
	if (!*suppression->match)
		return fail(parser, "[suppress \"%.60s\"] has no 'match'", suppression->name);
	if (!*suppression->reason)
		return fail(parser, "[suppress \"%.60s\"] has no 'reason'", suppression->name);
	return 0;
}

static int begin_section(struct parser *parser)
{
	static const char *const sections[] = { "gate", "budget", "suppress", "baseline" };
	const struct suppression fresh = { .name = parser->name ? parser->name : "",
					   .match = "",
					   .reason = "",
					   .line = parser->line };
	const char *best = NULL;
	size_t distance = 0, i;

	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		if (strcmp(parser->section, sections[i]) == 0)
			break;
		nearest_feed(parser->section, sections[i], &best, &distance);
	}
	if (i == ARRAY_SIZE(sections))
		return unknown(parser, "section", parser->section, best);
	if (parser->name && (i == 0 || i == 3))
		return fail(parser, "[%s] takes no name", parser->section);
	if (i == 1 && parser->name && !scope_is_valid(parser->name))
		return fail(parser,
			    "unknown scope '%.60s': it must be process, dso:, package:, "
			    "function:, type:, sig:, phase:, test: or mark: and a name",
			    parser->name);
	if (i != 2)
		return 0;
	if (!parser->name)
		return fail(parser, "[suppress] needs a name: [suppress \"NAME\"]");
	if (parser->config->suppressions.count >= SECTIONS_MAX)
		return fail(parser, "there are too many suppressions");
	return vec_push(&parser->config->suppressions, fresh);
}

/* ----------------------------------------------------------------- the syntax */

static char *skip_space(char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

static bool is_rest_empty(char *at)
{
	at = skip_space(at);
	return !*at || *at == ';' || *at == '#';
}

/* [section] or [section "name"] */
static int section_line(struct parser *parser, char *at)
{
	size_t used = 0;
	char *name, *to;
	int r = end_section(parser);

	if (r < 0)
		return r;
	at = skip_space(at + 1);
	while (isalnum((unsigned char)*at) || *at == '-') {
		if (used + 1 >= sizeof(parser->section))
			return fail(parser, "unknown section");
		parser->section[used++] = (char)tolower((unsigned char)*at++);
	}
	parser->section[used] = '\0';
	parser->name = NULL;
	at = skip_space(at);
	if (*at == '"') {
		for (name = to = ++at; *at && *at != '"'; at++) {
			if (*at == '\\' && at[1])
				at++;
			*to++ = *at;
		}
		if (*at != '"')
			return fail(parser, "the name of the section does not end");
		parser->name = arena_string(&parser->config->texts, name, (size_t)(to - name));
		if (!parser->name)
			return -ENOMEM;
		at = skip_space(at + 1);
	}
	if (*at != ']' || !is_rest_empty(at + 1))
		return fail(parser, "a section is written [name] or [name \"more\"]");
	return begin_section(parser);
}

/* The value from @at: without the comment, spaces around it, and quotes. */
static int take_value(struct parser *parser, char *at, const char **ret_value)
{
	char value[LINE_BYTES_MAX];
	size_t used = 0, keep = 0;
	bool quoted = false;

	for (at = skip_space(at); *at && (quoted || (*at != ';' && *at != '#')); at++) {
		if (*at == '"') {
			quoted = !quoted;
			keep = used;
			continue;
		}
		if (*at == '\\') {
			at++;
			if (*at != '"' && *at != '\\' && *at != 'n' && *at != 't')
				return fail(parser, "a backslash stands before \", \\, n or t");
			value[used++] = *at == 'n' ? '\n' : *at == 't' ? '\t' : *at;
			keep = used;
			continue;
		}
		value[used++] = *at;
		if (quoted || (*at != ' ' && *at != '\t'))
			keep = used;
	}
	if (quoted)
		return fail(parser, "a quote does not end");
	*ret_value = arena_string(&parser->config->texts, value, keep);
	return *ret_value ? 0 : -ENOMEM;
}

static int key_line(struct parser *parser, char *at)
{
	char key[64];
	size_t used = 0;
	const char *value = "";
	int r;

	while (isalnum((unsigned char)*at) || *at == '-') {
		if (used + 1 >= sizeof(key))
			return fail(parser, "unknown key");
		key[used++] = (char)tolower((unsigned char)*at++);
	}
	key[used] = '\0';
	at = skip_space(at);
	if (!used || *at != '=')
		return fail(parser, "this is neither [section] nor key = value");
	if (!*parser->section)
		return fail(parser, "'%s' stands before the first section", key);
	r = take_value(parser, at + 1, &value);
	if (r < 0)
		return r;
	if (!*value)
		return fail(parser, "'%s' has no value", key);

	switch (parser->section[0]) {
	case 'g':
		return gate_key(parser, key, value);
	case 's':
		return suppress_key(parser, key, value);
	default:
		return strcmp(parser->section, "budget") == 0 ? budget_key(parser, key, value)
							      : baseline_key(parser, key, value);
	}
}

static int one_line(struct parser *parser, const char *text, size_t bytes)
{
	char line[LINE_BYTES_MAX];
	char *at;

	if (bytes && text[bytes - 1] == '\r')
		bytes--;
	if (bytes >= sizeof(line))
		return fail(parser, "the line is too long");
	if (memchr(text, '\0', bytes))
		return fail(parser, "it is not text");
	memcpy(line, text, bytes);
	line[bytes] = '\0';
	at = skip_space(line);
	if (is_rest_empty(at))
		return 0;
	return *at == '[' ? section_line(parser, at) : key_line(parser, at);
}

int config_parse(struct gate_config *config, const char *text, size_t bytes)
{
	struct parser parser = { .config = config };
	int r = 0;

	config->error[0] = '\0';
	while (bytes && r == 0) {
		const char *end = memchr(text, '\n', bytes);
		size_t count = end ? (size_t)(end - text) : bytes;

		parser.line++;
		r = one_line(&parser, text, count);
		text += count + (end != NULL);
		bytes -= count + (end != NULL);
	}
	return r < 0 ? r : end_section(&parser);
}

/* "live=5%|1MiB" or "package:app.cache/live=4MiB" */
static int one_limit(struct parser *parser, const char *text, size_t bytes)
{
	char *copy = arena_string(&parser->config->texts, text, bytes);
	char *equals = copy ? strrchr(copy, '=') : NULL, *slash;
	const char *scope = "process", *name = copy, *best;
	struct limits_value value;
	enum limits_metric metric;

	if (!copy)
		return -ENOMEM;
	if (!equals)
		return fail(parser, "'%.60s' is no limit: it must be NAME=VALUE", copy);
	*equals = '\0';
	slash = strrchr(copy, '/');
	if (slash) {
		*slash = '\0';
		scope = copy;
		name = slash + 1;
	}
	if (limits_find(name, &metric, &best) < 0)
		return unknown(parser, "figure", name, best);
	if (!scope_is_valid(scope) || !scope_has(scope, metric))
		return fail(parser, "there is no figure '%s' of '%.60s'", name, scope);
	if (limits_parse(equals + 1, metric, &value) < 0)
		return bad_value(parser, name, equals + 1, wanted_of(metric));
	if (value.relative && slash)
		return fail(parser, "only figures of the whole process have a baseline");
	if (metric == LIMITS_LEAKS)
		value.relative = true;
	if (value.off) { /* both kinds */
		value.relative = true;
		if (add_limit(parser, scope, metric, &value) < 0)
			return -ENOMEM;
		value.relative = false;
	}
	return add_limit(parser, scope, metric, &value);
}

int config_limits(struct gate_config *config, const char *text)
{
	struct parser parser = { .config = config };
	int r = 0;

	config->error[0] = '\0';
	while (*text && r == 0) {
		size_t count = strcspn(text, ",");

		r = count ? one_limit(&parser, text, count) : 0;
		text += count + (text[count] == ',');
	}
	return r;
}

/* ------------------------------------------------------------------- defaults */

int config_init(struct gate_config *config)
{
	static const struct limit defaults[] = {
		{ "process", LIMITS_GROWTH, { .bytes = 0 }, 0 },
		{ "process", LIMITS_CYCLES, { .relative = true, .percent = 1000 }, 0 },
		{ "process", LIMITS_LEAKS, { .relative = true, .bytes = 4096 }, 0 },
		{ "process", LIMITS_LIVE, { .relative = true, .bytes = 256 << 10 }, 0 },
		{ "process",
		  LIMITS_PEAK,
		  { .relative = true, .bytes = 1 << 20, .percent = 500 },
		  0 },
	};
	time_t now = time(NULL);
	struct tm tm;
	int r = 0;

	*config = (struct gate_config){ .warmup = CONFIG_WARMUP, .intervals = CONFIG_INTERVALS };
	if (localtime_r(&now, &tm))
		config->today = (uint32_t)((tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 +
					   tm.tm_mday);
	for (size_t i = 0; i < ARRAY_SIZE(defaults) && r == 0; i++)
		r = vec_push(&config->limits, defaults[i]);
	return r;
}

void config_fini(struct gate_config *config)
{
	vec_fini(&config->limits);
	vec_fini(&config->suppressions);
	arena_fini(&config->texts);
}

const struct limit *config_find(const struct gate_config *config, const char *scope,
				enum limits_metric metric, bool relative)
{
	for (size_t i = config->limits.count; i-- > 0;) {
		const struct limit *limit = &config->limits.at[i];

		if (limit->metric == metric && limit->value.relative == relative &&
		    strcmp(limit->scope, scope) == 0)
			return limit;
	}
	return NULL;
}
