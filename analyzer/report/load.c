/* SPDX-License-Identifier: Apache-2.0 */
/* Typed access to the members of a JSON report. */
#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "report/load.h"
#include "report/report.h"
#include "report/sig.h"

void load_fail(struct load *load, int error, const char *format, ...)
{
	va_list args;

	if (load->error)
		return;
	load->error = error;
	va_start(args, format);
	(void)vsnprintf(load->text, sizeof(load->text), format, args);
	va_end(args);
}

/* The member @key; NULL when it is absent or no @type. */
static const json_t *member(struct load *load, const json_t *object, const char *key,
			    json_type type, const char *what)
{
	const json_t *value = json_object_get(object, key);

	if (value && json_typeof(value) != type) {
		load_fail(load, -EINVAL, "'%s' is not %s", key, what);
		return NULL;
	}
	return value;
}

int64_t load_int(struct load *load, const json_t *object, const char *key)
{
	const json_t *value = member(load, object, key, JSON_INTEGER, "an integer");

	return value ? json_integer_value(value) : 0;
}

uint64_t load_uint(struct load *load, const json_t *object, const char *key)
{
	int64_t value = load_int(load, object, key);

	if (value < 0)
		load_fail(load, -EINVAL, "'%s' is negative", key);
	return value < 0 ? 0 : (uint64_t)value;
}

uint32_t load_uint32(struct load *load, const json_t *object, const char *key, uint32_t absent)
{
	uint64_t value = load_uint(load, object, key);

	if (!json_object_get(object, key))
		return absent;
	if (value > UINT32_MAX) {
		load_fail(load, -EINVAL, "'%s' is too large", key);
		return absent;
	}
	return (uint32_t)value;
}

bool load_bool(struct load *load, const json_t *object, const char *key, bool absent)
{
	const json_t *value = json_object_get(object, key);

	if (value && !json_is_boolean(value))
		load_fail(load, -EINVAL, "'%s' is not true or false", key);
	return json_is_boolean(value) ? json_is_true(value) : absent;
}

static const char *copy_text(struct load *load, const json_t *value)
{
	const char *copy = report_text(load->report, json_string_value(value));

	if (!copy)
		load_fail(load, -ENOMEM, "%s", "");
	return copy ? copy : "";
}

const char *load_text(struct load *load, const json_t *object, const char *key)
{
	const json_t *value = member(load, object, key, JSON_STRING, "a string");

	return value ? copy_text(load, value) : "";
}

uint64_t load_sig(struct load *load, const json_t *object)
{
	const char *text = load_text(load, object, "sig");
	uint64_t sig = 0;

	if (sig_parse(text, &sig) < 0)
		load_fail(load, -EINVAL, "'%.40s' is no signature", text);
	return sig;
}

uint32_t load_word(struct load *load, const json_t *object, const char *key,
		   const struct words *words)
{
	const json_t *value = member(load, object, key, JSON_STRING, "a string");
	uint32_t number = 0;

	if (value && words_find(words, json_string_value(value), &number) < 0)
		load_fail(load, -EINVAL, "'%s' is '%.40s', which this version does not know", key,
			  json_string_value(value));
	return number;
}

const json_t *load_array(struct load *load, const json_t *object, const char *key)
{
	return member(load, object, key, JSON_ARRAY, "an array");
}

const json_t *load_object(struct load *load, const json_t *object, const char *key)
{
	return member(load, object, key, JSON_OBJECT, "an object");
}

void load_texts(struct load *load, const json_t *object, const char *key, report_texts *texts)
{
	const json_t *array = load_array(load, object, key);

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *value = json_array_get(array, i);

		if (!json_is_string(value))
			load_fail(load, -EINVAL, "'%s' holds something that is no string", key);
		else if (vec_push(texts, copy_text(load, value)) < 0)
			load_fail(load, -ENOMEM, "%s", "");
	}
}

void load_counts(struct load *load, const json_t *object, const char *key, uint64_t *counts,
		 size_t count)
{
	const json_t *array = load_array(load, object, key);

	for (size_t i = 0; i < json_array_size(array) && i < count; i++) {
		const json_t *value = json_array_get(array, i);

		if (!json_is_integer(value) || json_integer_value(value) < 0)
			load_fail(load, -EINVAL, "'%s' holds something that is no count", key);
		else
			counts[i] = (uint64_t)json_integer_value(value);
	}
}

void load_end(struct load *load, const json_t *object, struct report_end *end)
{
	const json_t *from = load_object(load, object, "end");

	end->kind = (enum result_end)load_word(load, from, "how", &words_end);
	if (end->kind == RESULT_END_EXIT)
		end->value = (int)load_int(load, from, "status");
	if (end->kind == RESULT_END_SIGNAL)
		end->value = (int)load_int(load, from, "signal");
}
