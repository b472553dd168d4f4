/* SPDX-License-Identifier: Apache-2.0 */
/* Expands the per cent sequences in names of output files. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "launch/template.h"

#define TEMPLATE_NUMBERS_MAX 100000u

int template_check(const char *text, const char **ret_bad)
{
	for (const char *at = text; *at; at++) {
		const char *end;

		if (*at != '%')
			continue;
		if (at[1] == 'q' && at[2] == '{') {
			end = strchr(at, '}');
			if (end && end > at + 3) {
				at = end;
				continue;
			}
		} else if (at[1] && strchr("pethn%", at[1])) {
			at++;
			continue;
		}
		*ret_bad = at;
		return -EINVAL;
	}
	return 0;
}

static void add_name(struct strbuf *out, const char *value)
{
	for (; *value; value++)
		strbuf_addc(out, *value == '/' ? '_' : *value);
}

static void add_program(struct strbuf *out, const char *program)
{
	const char *slash = strrchr(program, '/');

	add_name(out, slash && slash[1] ? slash + 1 : program);
}

static void add_variable(struct strbuf *out, const char *name, size_t length)
{
	char key[128];
	const char *value;

	if (length >= sizeof(key))
		return;
	memcpy(key, name, length);
	key[length] = '\0';
	value = getenv(key);
	add_name(out, value ? value : "");
}

static void add_time(struct strbuf *out)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[32];

	if (localtime_r(&now, &tm) && strftime(text, sizeof(text), "%Y%m%dT%H%M%S", &tm) > 0)
		strbuf_adds(out, text);
}

static void add_host(struct strbuf *out)
{
	char host[256] = "";

	(void)gethostname(host, sizeof(host) - 1);
	add_name(out, host);
}

static void expand(struct strbuf *out, const char *text, const struct template_values *values,
		   unsigned int number)
{
	for (; *text; text++) {
		if (*text != '%') {
			strbuf_addc(out, *text);
			continue;
		}

		switch (*++text) {
		case 'p':
			strbuf_addf(out, "%u", values->pid);
			break;
		case 'e':
			add_program(out, values->program);
			break;
		case 't':
			add_time(out);
			break;
		case 'h':
			add_host(out);
			break;
		case 'n':
			strbuf_addf(out, "%u", number);
			break;
		case 'q':
			add_variable(out, text + 2, strcspn(text, "}") - 2);
			text = strchr(text, '}');
			break;
		default:
			strbuf_addc(out, *text);
			break;
		}
	}
}

static bool has_number(const char *text)
{
	for (; *text; text++) {
		if (*text == '%' && *++text == 'n')
			return true;
	}
	return false;
}

int template_expand(const char *text, const struct template_values *values, char **ret_name)
{
	cleanup_strbuf struct strbuf name = { .at = NULL };
	const char *bad;
	char *taken;
	int r = template_check(text, &bad);

	if (r < 0)
		return r;

	for (unsigned int number = 1;; number++) {
		if (number > TEMPLATE_NUMBERS_MAX)
			return -EEXIST;
		strbuf_clear(&name);
		expand(&name, text, values, number);
		if (!has_number(text) || access(strbuf_get(&name), F_OK) < 0)
			break;
	}

	taken = strbuf_take(&name);
	if (!taken)
		return -ENOMEM;
	*ret_name = taken;
	return 0;
}
