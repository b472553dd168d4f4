/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints extended records.  Their payloads come from the profiled program, so
 * lengths are checked and control characters are escaped.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/attr.h"
#include "tenure/wire.h"

#include "dump-ext.h"

/* A payload that is read from its beginning. */
struct payload {
	const uint8_t *at;
	size_t left;
	bool short_;
};

static uint64_t take(struct payload *payload, size_t bytes)
{
	uint64_t value = 0;

	if (payload->left < bytes) {
		payload->short_ = true;
		payload->left = 0;
		return 0;
	}
	memcpy(&value, payload->at, bytes);
	payload->at += bytes;
	payload->left -= bytes;
	return value;
}

static void print_text(FILE *out, struct payload *payload, size_t bytes)
{
	if (bytes > payload->left)
		bytes = payload->left;

	(void)fputs(" '", out);
	for (size_t i = 0; i < bytes; i++) {
		uint8_t c = payload->at[i];

		if (c == '\0')
			(void)fputc(' ', out); /* between the words of a command line */
		else if (c < ' ' || c == 0x7f || c == '\\' || c == '\'')
			(void)fprintf(out, "\\x%02x", c);
		else
			(void)fputc(c, out);
	}
	(void)fputc('\'', out);
	payload->at += bytes;
	payload->left -= bytes;
}

static void print_number(FILE *out, const char *name, struct payload *payload, size_t bytes)
{
	uint64_t value = take(payload, bytes);

	if (!payload->short_)
		(void)fprintf(out, " %s %" PRIu64, name, value);
}

static void print_address(FILE *out, const char *name, struct payload *payload)
{
	uint64_t value = take(payload, 8);

	if (!payload->short_)
		(void)fprintf(out, " %s 0x%" PRIx64, name, value);
}

static void print_module(FILE *out, struct payload *payload)
{
	struct tenure_module module;
	uint8_t id;

	if (payload->left < sizeof(module)) {
		payload->short_ = true;
		return;
	}
	memcpy(&module, payload->at, sizeof(module));
	payload->at += sizeof(module);
	payload->left -= sizeof(module);

	(void)fprintf(out,
		      " 0x%" PRIx64 "-0x%" PRIx64 " bias 0x%" PRIx64 " generation %u build-id ",
		      module.start, module.end, module.bias, module.generation);
	for (size_t i = 0; i < module.id_bytes && payload->left > 0; i++) {
		id = (uint8_t)take(payload, 1);
		(void)fprintf(out, "%02x", id);
	}
	print_text(out, payload, module.path_bytes);
}

static void print_fields(FILE *out, uint32_t type, struct payload *payload)
{
	switch ((enum tenure_ext)type) {
	case TENURE_EXT_THREAD:
		print_number(out, "tid", payload, 4);
		print_text(out, payload, payload->left);
		break;
	case TENURE_EXT_THREAD_END:
		print_number(out, "tid", payload, 4);
		break;
	case TENURE_EXT_REALLOC_BACK:
		print_address(out, "addr", payload);
		break;
	case TENURE_EXT_MAP:
		print_address(out, "addr", payload);
		print_number(out, "bytes", payload, 8);
		print_number(out, "prot", payload, 4);
		print_number(out, "flags", payload, 4);
		print_number(out, "stack", payload, 4);
		print_number(out, "file", payload, 4);
		break;
	case TENURE_EXT_UNMAP:
		print_address(out, "addr", payload);
		print_number(out, "bytes", payload, 8);
		break;
	case TENURE_EXT_REMAP:
		print_address(out, "old", payload);
		print_number(out, "bytes", payload, 8);
		print_address(out, "new", payload);
		print_number(out, "bytes", payload, 8);
		print_number(out, "stack", payload, 4);
		print_number(out, "flags", payload, 4);
		break;
	case TENURE_EXT_BREAK:
		(void)fprintf(out, " change %" PRId64, (int64_t)take(payload, 8));
		print_address(out, "break", payload);
		break;
	case TENURE_EXT_MODULE:
		print_module(out, payload);
		break;
	case TENURE_EXT_MODULE_GONE:
		print_address(out, "bias", payload);
		print_number(out, "generation", payload, 4);
		break;
	case TENURE_EXT_MARK:
		print_number(out, "kind", payload, 4);
		print_text(out, payload, payload->left);
		break;
	case TENURE_EXT_TYPE:
		print_address(out, "addr", payload);
		print_text(out, payload, payload->left);
		break;
	case TENURE_EXT_RECORDING:
		print_number(out, "on", payload, 4);
		break;
	case TENURE_EXT_EXIT:
		(void)fprintf(out, " status %" PRId32, (int32_t)take(payload, 4));
		break;
	case TENURE_EXT_CLOCK:
		print_number(out, "ns", payload, 8);
		break;
	case TENURE_EXT_COMMAND:
	case TENURE_EXT_EXE:
	case TENURE_EXT_NOTE:
		print_text(out, payload, payload->left);
		break;
	case TENURE_EXT_PYTHON:
	default:
		(void)fprintf(out, " %zu bytes", payload->left);
		break;
	}
}

void dump_ext(FILE *out, const struct event *event)
{
	static const char *const names[] = {
		[TENURE_EXT_THREAD] = "thread",
		[TENURE_EXT_THREAD_END] = "thread-end",
		[TENURE_EXT_REALLOC_BACK] = "realloc-back",
		[TENURE_EXT_MAP] = "map",
		[TENURE_EXT_UNMAP] = "unmap",
		[TENURE_EXT_REMAP] = "remap",
		[TENURE_EXT_BREAK] = "break",
		[TENURE_EXT_MODULE] = "module",
		[TENURE_EXT_MODULE_GONE] = "module-gone",
		[TENURE_EXT_MARK] = "mark",
		[TENURE_EXT_TYPE] = "type",
		[TENURE_EXT_RECORDING] = "recording",
		[TENURE_EXT_EXIT] = "exit",
		[TENURE_EXT_CLOCK] = "clock",
		[TENURE_EXT_COMMAND] = "command",
		[TENURE_EXT_EXE] = "exe",
		[TENURE_EXT_NOTE] = "note",
	};
	struct payload payload = { .at = event->payload, .left = event->bytes };

	if (event->ext < ARRAY_SIZE(names) && names[event->ext])
		(void)fputs(names[event->ext], out);
	else
		(void)fprintf(out, "ext-%u", event->ext);

	print_fields(out, event->ext, &payload);
	if (payload.short_)
		(void)fputs(" (record too short)", out);
}
