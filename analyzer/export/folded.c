/* SPDX-License-Identifier: Apache-2.0 */
/* Folded stacks: a line per stack, as flame graph tools read them. */
#include <errno.h>

#include "base/err.h"
#include "export/formats.h"
#include "export/stacks.h"

/* Appends @name; what would end a frame or a line is replaced. */
static void add_name(struct strbuf *line, const char *name)
{
	for (; *name; name++) {
		if (*name == ';')
			strbuf_addc(line, ':');
		else
			strbuf_addc(line, (unsigned char)*name < ' ' ? ' ' : *name);
	}
}

static int write_site(struct stacks *stacks, const struct report_process *process,
		      const struct report_site *site, struct strbuf *line, FILE *file)
{
	cleanup_strbuf struct strbuf name = { 0 };
	uint64_t cost = stacks_cost(site, stacks->job->cost);
	int r = stacks_path(stacks, site->stack);

	if (r < 0 || cost == 0)
		return r;
	strbuf_clear(line);
	if (stacks->several) {
		stacks_process(process, &name);
		add_name(line, strbuf_get(&name));
	}
	for (size_t i = stacks->path.count; i-- > 0;) {
		strbuf_clear(&name);
		stacks_label(stacks, stacks->path.at[i], &name);
		if (line->count)
			strbuf_addc(line, ';');
		add_name(line, strbuf_get(&name));
	}
	if (!line->count)
		strbuf_adds(line, "no stack");
	strbuf_addf(line, " %llu\n", (unsigned long long)cost);
	if (line->failed || name.failed)
		return -ENOMEM;
	return fwrite(line->at, 1, line->count, file) == line->count ? 0 : neg_errno();
}

int folded_write(const struct export_job *job, FILE *file)
{
	cleanup_strbuf struct strbuf line = { 0 };
	cleanup_stacks struct stacks stacks;
	int r = stacks_init(&stacks, job);

	for (size_t i = 0; i < job->report->processes.count && r == 0; i++) {
		const struct report_process *process = &job->report->processes.at[i];

		if (!stacks_has(&stacks, process))
			continue;
		for (size_t n = 0; n < process->sites.count && r == 0; n++)
			r = write_site(&stacks, process, &process->sites.at[n], &line, file);
	}
	return r;
}
