/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks as exporters show them, and what a site costs. */
#ifndef EXPORT_STACKS_H
#define EXPORT_STACKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "export/export.h"
#include "report/places.h"

/**
 * struct stacks - goes over the stacks of one job
 * @several: more than one process is exported
 * @path:    frames of the stack asked for last, the innermost first
 * @shown:   stacks as they are shown: a frame, and the number of its caller's
 */
struct stacks {
	const struct export_job *job;
	struct places_view view;
	bool several;
	VEC(uint32_t) path;
	VEC(struct report_stack) shown;
	struct idmap ids;
};

/** stacks_init() - Return: 0 or -ENOMEM */
attr_nodiscard int stacks_init(struct stacks *stacks, const struct export_job *job);

void stacks_fini(struct stacks *stacks);

#define cleanup_stacks attr_cleanup(stacks_fini)

/** stacks_has() - is @process among those to export? */
bool stacks_has(const struct stacks *stacks, const struct report_process *process);

/**
 * stacks_path() - put the frames of @stack that are shown into @path
 *
 * Beside Python frames the interpreter's own are left out, unless nothing else
 * is there.  Return: 0 or -ENOMEM.
 */
attr_nodiscard int stacks_path(struct stacks *stacks, uint32_t stack);

/**
 * stacks_number() - the number of what is shown of @stack, from 1; 0: nothing
 *
 * Equal for stacks that look alike.  Stack n is shown[n - 1].  Return: 0 or -ENOMEM.
 */
attr_nodiscard int stacks_number(struct stacks *stacks, uint32_t stack, uint32_t *ret_number);

/** stacks_string() - string @id of the document; "" for REPORT_NONE */
const char *stacks_string(const struct stacks *stacks, uint32_t id);

/** stacks_label() - append "function (file:line)" of a frame */
void stacks_label(const struct stacks *stacks, uint32_t frame, struct strbuf *out);

/** stacks_process() - append the name of @process: "program pid" */
void stacks_process(const struct report_process *process, struct strbuf *out);

/** stacks_cost() - what @site costs */
uint64_t stacks_cost(const struct report_site *site, enum export_cost cost);

#endif /* EXPORT_STACKS_H */
