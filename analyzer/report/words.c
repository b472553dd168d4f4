/* SPDX-License-Identifier: Apache-2.0 */
/* The words that stand for enumerators in the JSON report, both ways. */
#include <string.h>

#include "base/err.h"
#include "model/result-leaks.h"
#include "model/result.h"
#include "report/document.h"
#include "report/words.h"
#include "symbol/resolve.h"
#include "tenure/wire-python.h"

#define WORDS(list_)                            \
	{                                       \
		.at = list_, ARRAY_SIZE(list_), \
	}

static const char *const ends[] = {
	[RESULT_END_UNKNOWN] = "unknown", [RESULT_END_EXIT] = "exit",
	[RESULT_END_SIGNAL] = "signal",	  [RESULT_END_EXEC] = "exec",
	[RESULT_END_RUNNING] = "running",
};

static const char *const frames[] = {
	[RESOLVE_NATIVE] = "native",
	[RESOLVE_PYTHON] = "python",
	[RESOLVE_CUT] = "cut",
};

static const char *const losses[] = {
	[TENURE_LOST_BUSY] = "busy",	     [TENURE_LOST_NO_SLOT] = "no_slot",
	[TENURE_LOST_PIPE] = "pipe",	     [TENURE_LOST_OFF] = "off",
	[TENURE_LOST_EARLY] = "early",	     [TENURE_LOST_MODULES] = "modules",
	[TENURE_LOST_PROVIDER] = "provider", [TENURE_LOST_OWN] = "own_malloc",
	[TENURE_LOST_SAMPLES] = "samples",
};

static const char *const marks[] = {
	[TENURE_MARK_POINT] = "point",
	[TENURE_MARK_PHASE_BEGIN] = "phase_begin",
	[TENURE_MARK_PHASE_END] = "phase_end",
};

static const char *const sources[] = {
	[RESOLVE_UNUSED] = "unused",   [RESOLVE_LINES] = "lines",
	[RESOLVE_SYMBOLS] = "symbols", [RESOLVE_NOTHING] = "nothing",
	[RESOLVE_MISSING] = "missing", [RESOLVE_REPLACED] = "replaced",
};

static const char *const functions[] = {
	[TENURE_FN_MALLOC] = "malloc",
	[TENURE_FN_CALLOC] = "calloc",
	[TENURE_FN_REALLOC] = "realloc",
	[TENURE_FN_POSIX_MEMALIGN] = "posix_memalign",
	[TENURE_FN_ALIGNED_ALLOC] = "aligned_alloc",
	[TENURE_FN_MEMALIGN] = "memalign",
	[TENURE_FN_VALLOC] = "valloc",
	[TENURE_FN_PVALLOC] = "pvalloc",
	[TENURE_FN_NEW] = "new",
	[TENURE_FN_NEW_ARRAY] = "new_array",
	[TENURE_FN_CUSTOM] = "custom",
	[TENURE_FN_PY_MEM] = "py_mem",
	[TENURE_FN_PY_OBJ] = "py_obj",
	[TENURE_FN_MMAP] = "mmap",
};

static const char *const series[] = {
	[RESULT_SERIES_MARK] = "mark",
	[RESULT_SERIES_COLLECTION] = "collection",
	[RESULT_SERIES_TIME] = "time",
};

static const char *const origins[] = {
	[REPORT_ORIGIN_NONE] = "none",
	[REPORT_ORIGIN_INTERPRETER] = "interpreter",
	[REPORT_ORIGIN_LIBRARY] = "library",
	[REPORT_ORIGIN_APPLICATION] = "application",
};

static const char *const python_leaks[] = {
	[TENURE_PY_LEAK_UNCOLLECTABLE] = "uncollectable",
	[TENURE_PY_LEAK_EXCESS] = "references",
	[TENURE_PY_LEAK_HIDDEN] = "hidden_cycle",
};

static const char *const verdicts[] = {
	[GATE_OFF] = "off",
	[GATE_PASS] = "pass",
	[GATE_FAIL] = "fail",
	[GATE_INCONCLUSIVE] = "inconclusive",
};

static const char *const rules[] = {
	[GATE_GROWTH] = "growth", [GATE_LEAK] = "leak",	  [GATE_BUDGET] = "budget",
	[GATE_CYCLE] = "cycle",	  [GATE_TOTAL] = "total",
};

static const char *const units[] = {
	[GATE_BYTES] = "bytes",
	[GATE_BLOCKS] = "blocks",
	[GATE_BYTES_PER_ITERATION] = "bytes_per_iteration",
	[GATE_NANOSECONDS] = "nanoseconds",
};

static const char *const leaks[] = {
	[LEAKS_LOST] = "lost",
	[LEAKS_CYCLE] = "cycle",
	[LEAKS_LOST_THROUGH] = "lost_through",
	[LEAKS_POSSIBLE] = "possible",
	[LEAKS_REACHABLE] = "reachable",
	[LEAKS_RUNTIME] = "runtime",
	[LEAKS_PYTHON] = "python",
	[LEAKS_UNKNOWN] = "unknown",
};

static const char *const holders[] = {
	[LEAKS_HOLDER_GLOBAL] = "global",	 [LEAKS_HOLDER_STACK] = "stack",
	[LEAKS_HOLDER_REGISTER] = "register",	 [LEAKS_HOLDER_TLS] = "thread_local",
	[LEAKS_HOLDER_RUNTIME] = "runtime",	 [LEAKS_HOLDER_PYTHON] = "python",
	[LEAKS_HOLDER_MODULE] = "python_module", [LEAKS_HOLDER_MEMORY] = "memory",
};

static const char *const moments[] = {
	[TENURE_MOMENT_NONE] = "none",
	[TENURE_MOMENT_EXIT] = "exit",
	[TENURE_MOMENT_QUICK_EXIT] = "quick_exit",
	[TENURE_MOMENT_END] = "_exit",
	[TENURE_MOMENT_SIGNAL] = "signal",
	[TENURE_MOMENT_EXEC] = "exec",
	[TENURE_MOMENT_MARK] = "mark",
	[TENURE_MOMENT_SNAPSHOT] = "snapshot",
	[TENURE_MOMENT_USER_END] = "user_end",
};

static const char *const suppressions[] = {
	[REPORT_SUPPRESSION_FILE] = "file",
	[REPORT_SUPPRESSION_PROGRAM] = "program",
	[REPORT_SUPPRESSION_BUILTIN] = "builtin",
};

const struct words words_suppression = WORDS(suppressions);
const struct words words_leak = WORDS(leaks);
const struct words words_holder = WORDS(holders);
const struct words words_moment = WORDS(moments);
const struct words words_origin = WORDS(origins);
const struct words words_python_leak = WORDS(python_leaks);
const struct words words_end = WORDS(ends);
const struct words words_frame = WORDS(frames);
const struct words words_lost = WORDS(losses);
const struct words words_mark = WORDS(marks);
const struct words words_source = WORDS(sources);
const struct words words_fn = WORDS(functions);
const struct words words_series = WORDS(series);
const struct words words_verdict = WORDS(verdicts);
const struct words words_rule = WORDS(rules);
const struct words words_unit = WORDS(units);

const char *words_get(const struct words *words, uint32_t value)
{
	return value < words->count && words->at[value] ? words->at[value] : "unknown";
}

int words_find(const struct words *words, const char *word, uint32_t *ret_value)
{
	for (uint32_t i = 0; i < words->count; i++) {
		if (words->at[i] && strcmp(words->at[i], word) == 0) {
			*ret_value = i;
			return 0;
		}
	}
	return -ENOENT;
}
