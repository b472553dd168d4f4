/* SPDX-License-Identifier: Apache-2.0 */
/* From a Python source file to the module that import knows it as. */
#include <string.h>

#include "base/attr.h"
#include "report/names.h"
#include "report/pymodule.h"

/* What stands behind the directory @at of @length bytes, or NULL. */
static const char *below(const char *path, const char *at, size_t length)
{
	while (length && at[length - 1] == '/')
		length--;
	return strncmp(path, at, length) == 0 && path[length] == '/' ? path + length + 1 : NULL;
}

/* The part of an installed module's path that import knows. */
static const char *below_library(const char *path)
{
	static const char *const packages[] = { "/site-packages/", "/dist-packages/" };
	static const char *const libraries[] = { "/lib/python3", "/lib64/python3" };
	const char *found;

	for (size_t i = 0; i < ARRAY_SIZE(packages); i++) {
		found = strstr(path, packages[i]);
		if (found)
			return found + strlen(packages[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
		found = strstr(path, libraries[i]);
		found = found ? strchr(found + strlen(libraries[i]), '/') : NULL;
		if (found)
			return found + 1;
	}
	return NULL;
}

/* The script that the interpreter was given, or NULL. */
static const char *script_of(const struct report_process *process)
{
	for (size_t i = 1; i < process->command.count; i++) {
		const char *word = process->command.at[i];
		size_t length = strlen(word);

		if (strcmp(word, "-m") == 0 || strcmp(word, "-c") == 0)
			return NULL;
		if (*word != '-' && length > 3 && strcmp(word + length - 3, ".py") == 0)
			return word;
	}
	return NULL;
}

/* Likewise below the directory of the script, however that was typed. */
static const char *below_script(const struct report *report, const struct report_process *process,
				const char *path)
{
	const char *script = script_of(process);
	const char *base = script ? names_base(script) : NULL;
	size_t length = script ? (size_t)(base - script) : 0;
	const char *rest;

	if (!length)
		return NULL;
	rest = below(path, script, length - 1);
	if (rest || *script == '/')
		return rest;
	rest = below(path, report->cwd, strlen(report->cwd));
	return rest ? below(rest, script, length - 1) : NULL;
}

static const char *below_root(const struct report *report, const struct report_process *process,
			      const char *path)
{
	const char *rest = below_library(path);

	if (!rest)
		rest = below_script(report, process, path);
	if (!rest && *report->cwd)
		rest = below(path, report->cwd, strlen(report->cwd));
	if (!rest && *path != '/')
		rest = path;
	return rest;
}

static void add_path(struct strbuf *out, const char *path, bool package)
{
	strbuf_add(out, path, package ? (size_t)(names_base(path) - path) : strlen(path));
	if (package && out->count > 1 && out->at[out->count - 1] == '/')
		out->at[--out->count] = '\0';
}

void pymodule_name(struct strbuf *out, const struct report *report,
		   const struct report_process *process, const char *file, bool package)
{
	static const char frozen[] = "<frozen ";
	const char *path = file;
	size_t length;

	if (strncmp(file, frozen, sizeof(frozen) - 1) == 0) {
		path = file + sizeof(frozen) - 1;
		length = strcspn(path, package ? ".>" : ">");
		strbuf_add(out, path, length);
		return;
	}
	if (*file == '<' || !*file) { /* "<string>" is no file */
		strbuf_adds(out, *file ? file : "[no file]");
		return;
	}
	path = below_root(report, process, file);
	if (!path) {
		add_path(out, file, package);
		return;
	}
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	length = strlen(path);
	if (length > 3 && strcmp(path + length - 3, ".py") == 0)
		length -= 3;
	if (length > 9 && strncmp(path + length - 9, "/__init__", 9) == 0)
		length -= 9;
	for (size_t i = 0; i < length; i++) {
		if (package && path[i] == '/')
			break;
		strbuf_addc(out, path[i] == '/' ? '.' : path[i]);
	}
}
