/* SPDX-License-Identifier: Apache-2.0 */
/* May the data be judged at all? */
#include <inttypes.h>

#include "gate/judge.h"
#include "report/names.h"

static int distrust(struct judge *judge, const struct report_process *process, const char *why)
{
	judge->untrusted = true;
	return judge_reason(judge, "process %" PRIu32 " (%s): %s", process->pid,
			    names_base(process->exe), why);
}

static int judge_end(struct judge *judge, const struct report_process *process, bool is_first)
{
	switch (process->end.kind) {
	case RESULT_END_EXIT:
	case RESULT_END_EXEC:
		break;
	case RESULT_END_SIGNAL:
		return distrust(judge, process,
				"was ended by a signal: what it would have freed "
				"is not known");
	case RESULT_END_RUNNING:
		return distrust(judge, process, "was still running");
	case RESULT_END_UNKNOWN:
		/* Pools end their workers so. */
		if (process->forked && !is_first)
			return judge_note(judge,
					  "process %" PRIu32
					  " (%s) was ended from outside: what it "
					  "held at its end is not judged",
					  process->pid, names_base(process->exe));
		return distrust(judge, process, "was cut off: how it ended is not known");
	}
	return 0;
}

/* What the shim says that it could not do. */
static int judge_notes(struct judge *judge, const struct report_process *process)
{
	int r = 0;

	if (process->trust.notes.count && !process->python.version)
		return distrust(judge, process, process->trust.notes.at[0]);
	for (size_t i = 0; i < process->trust.notes.count && r == 0; i++)
		r = judge_note(judge, "process %" PRIu32 " (%s): %s", process->pid,
			       names_base(process->exe), process->trust.notes.at[i]);
	return r;
}

int judge_trust(struct judge *judge)
{
	int r = 0;

	for (size_t i = 0; i < judge->count && r == 0; i++) {
		const struct report *report = judge->reports[i];

		if (!report->processes.count) {
			judge->untrusted = true;
			r = judge_reason(judge, "nothing was recorded");
		}
		for (size_t k = 0; k < report->processes.count && r == 0; k++) {
			const struct report_process *process = &report->processes.at[k];

			if (!process->trust.complete)
				r = distrust(judge, process,
					     process->trust.off_reason ? process->trust.off_reason
								       : "was not recorded whole");
			if (r == 0 && process->sample_bytes)
				r = distrust(judge, process, "was only sampled");
			if (r == 0)
				r = judge_end(judge, process, k == 0);
			if (r == 0)
				r = judge_notes(judge, process);
		}
	}
	return r;
}
