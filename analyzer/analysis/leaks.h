/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks through the memory of a process that stands still, for what is lost.
 */
#ifndef ANALYSIS_LEAKS_H
#define ANALYSIS_LEAKS_H

#include "base/target.h"
#include "model/result-leaks.h"
#include "model/session.h"

/**
 * leaks_find() - one look
 * @view:   of the session, with everything up to this moment
 * @target: released as soon as its memory is not needed any longer
 *
 * Return: owned by the caller, leaks_free(); .done says whether it worked.
 * NULL when memory has run out.
 */
struct result_leaks *leaks_find(const struct session_view *view, const struct target *target);

/** leaks_trim() - leave out how memory is held, which takes most of the room */
void leaks_trim(struct result_leaks *leaks);

struct result_leaks *leaks_free(struct result_leaks *leaks);

#endif /* ANALYSIS_LEAKS_H */
