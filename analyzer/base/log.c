/* SPDX-License-Identifier: Apache-2.0 */
/* Messages on stderr. */
#include <ctype.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/log.h"

#define LOG_LINE_MAX   4096
#define LOG_CLEAR_LINE "\r\033[K"

static enum log_level log_level = LOG_NOTES;
static bool progress_shown;

void log_set_level(enum log_level level)
{
	log_level = level;
}

static void write_all(const char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t n = write(STDERR_FILENO, bytes, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* there is no other place to tell */
		bytes += n;
		count -= (size_t)n;
	}
}

/* A message that is too long is cut; it always ends in one newline. */
static void write_line(const char *prefix, const char *end, const char *format, va_list args)
{
	char line[LOG_LINE_MAX];
	size_t room = sizeof(line) - strlen(end);
	size_t used =
		(size_t)snprintf(line, room, "%s%s", progress_shown ? LOG_CLEAR_LINE : "", prefix);
	int n = vsnprintf(line + used, room - used, format, args);

	if (n < 0)
		return;
	used = (size_t)n < room - used ? used + (size_t)n : room - 1;
	memcpy(line + used, end, strlen(end));
	write_all(line, used + strlen(end));
	progress_shown = false;
}

void log_error(const char *format, ...)
{
	va_list args;

	if (log_level < LOG_ERRORS)
		return;
	va_start(args, format);
	write_line("tenure: ", "\n", format, args);
	va_end(args);
}

void log_hint(const char *format, ...)
{
	va_list args;

	if (log_level < LOG_ERRORS)
		return;
	va_start(args, format);
	write_line("tenure: try: ", "\n", format, args);
	va_end(args);
}

void log_note(const char *format, ...)
{
	va_list args;

	if (log_level < LOG_NOTES)
		return;
	va_start(args, format);
	write_line("tenure: ", "\n", format, args);
	va_end(args);
}

void log_detail(const char *format, ...)
{
	va_list args;

	if (log_level < LOG_DETAIL)
		return;
	va_start(args, format);
	write_line("tenure: ", "\n", format, args);
	va_end(args);
}

void log_progress(const char *format, ...)
{
	va_list args;

	if (log_level < LOG_NOTES || !isatty(STDERR_FILENO))
		return;
	va_start(args, format);
	write_line("tenure: ", "", format, args);
	va_end(args);
	progress_shown = true;
}

void log_progress_end(void)
{
	if (progress_shown)
		write_all(LOG_CLEAR_LINE, strlen(LOG_CLEAR_LINE));
	progress_shown = false;
}

const char *log_reason(int err)
{
	static char text[128];

	(void)snprintf(text, sizeof(text), "%s", strerror(err < 0 ? -err : err));
	/* "No such file" but not "RPC …" */
	if (isupper((unsigned char)text[0]) && !isupper((unsigned char)text[1]))
		text[0] = (char)tolower((unsigned char)text[0]);
	return text;
}
