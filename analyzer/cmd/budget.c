/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the budget file and the baseline that it names. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/strbuf.h"

#include "budget.h"

#define FILE_BYTES_MAX (1u << 20)

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* .tenure in the nearest directory upwards that is the top of a git work tree. */
static bool find_at_top(struct strbuf *found)
{
	char cwd[PATH_MAX], path[PATH_MAX + 16];

	if (!getcwd(cwd, sizeof(cwd)))
		return false;
	for (;;) {
		char *slash;

		(void)snprintf(path, sizeof(path), "%s/.git", cwd);
		if (access(path, F_OK) == 0) {
			strbuf_clear(found);
			strbuf_addf(found, "%s/" BUDGET_FILE, cwd);
			return is_file(strbuf_get(found));
		}
		slash = strrchr(cwd, '/');
		if (!slash || slash == cwd)
			return false;
		*slash = '\0';
	}
}

static bool find(struct strbuf *found)
{
	const char *config = getenv("TENURE_CONFIG");
	const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");

	if (config && *config) {
		strbuf_adds(found, config);
		return true; /* whoever names it wants it */
	}
	if (is_file(BUDGET_FILE)) {
		strbuf_adds(found, BUDGET_FILE);
		return true;
	}
	if (find_at_top(found))
		return true;
	strbuf_clear(found);
	if (xdg && *xdg)
		strbuf_addf(found, "%s/tenure/config", xdg);
	else if (home && *home)
		strbuf_addf(found, "%s/.config/tenure/config", home);
	return found->count && is_file(strbuf_get(found));
}

static int read_file(const char *path, struct strbuf *text)
{
	cleanup_fclose FILE *file = fopen(path, "re");
	char buffer[4096];
	size_t got;

	if (!file)
		return neg_errno();
	while ((got = fread(buffer, 1, sizeof(buffer), file)) > 0) {
		if (text->count + got > FILE_BYTES_MAX)
			return -EFBIG;
		strbuf_add(text, buffer, got);
	}
	return ferror(file) ? -EIO : text->failed ? -ENOMEM : 0;
}

int budget_load(struct gate_config *config, const char *path)
{
	cleanup_strbuf struct strbuf name = { 0 }, text = { 0 };
	int r = config_init(config);

	if (r < 0)
		return r;
	if (path)
		strbuf_adds(&name, path);
	else if (!find(&name))
		return 0;

	config->path = arena_string(&config->texts, strbuf_get(&name), name.count);
	if (!config->path)
		return -ENOMEM;
	r = read_file(config->path, &text);
	if (r == 0)
		r = config_parse(config, strbuf_get(&text), text.count);
	if (r < 0)
		log_error("cannot use '%s': %s", config->path,
			  r == -EINVAL && *config->error ? config->error : log_reason(r));
	return r;
}

const char *budget_baseline_path(struct gate_config *config, const char *option)
{
	const char *slash = config->path ? strrchr(config->path, '/') : NULL;
	struct strbuf path = { 0 };
	const char *copy;

	if (option || !config->baseline)
		return option;
	if (!slash || *config->baseline == '/')
		return config->baseline;
	strbuf_add(&path, config->path, (size_t)(slash + 1 - config->path));
	strbuf_adds(&path, config->baseline);
	copy = arena_string(&config->texts, strbuf_get(&path), path.count);
	strbuf_fini(&path);
	return copy;
}
