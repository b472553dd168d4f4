/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the report that show cycles share. */
#include "report/cycles.h"

void cycles_label(struct strbuf *line, const struct cycles_edge *edge)
{
	switch ((enum tenure_py_label)edge->kind) {
	case TENURE_PY_LABEL_ATTR:
		strbuf_addf(line, ".%s", edge->name);
		return;
	case TENURE_PY_LABEL_KEY:
		strbuf_addf(line, "['%s']", edge->name);
		return;
	case TENURE_PY_LABEL_INDEX:
		if (edge->varies)
			strbuf_adds(line, "[…]");
		else
			strbuf_addf(line, "[%u]", edge->number);
		return;
	case TENURE_PY_LABEL_LOCAL:
		strbuf_addf(line, " local %s", edge->name);
		return;
	case TENURE_PY_LABEL_OFFSET:
		strbuf_addf(line, "+%u", edge->number);
		return;
	case TENURE_PY_LABEL_OTHER:
		break;
	}
	switch (edge->number) {
	case TENURE_PY_OTHER_DICT:
		strbuf_adds(line, ".__dict__");
		break;
	case TENURE_PY_OTHER_CLASS:
		strbuf_adds(line, ".__class__");
		break;
	case TENURE_PY_OTHER_VALUE:
		strbuf_adds(line, "[…]");
		break;
	case TENURE_PY_OTHER_KEY:
		strbuf_adds(line, " key");
		break;
	default:
		break;
	}
}

uint64_t cycles_skipped(const struct report_cycles *cycles)
{
	uint64_t sum = 0;

	for (unsigned int g = 0; g < 3; g++)
		for (unsigned int i = TENURE_PY_GRAPH_WHOLE + 1; i < TENURE_PY_GRAPH_OUTCOMES; i++)
			sum += cycles->outcomes[g][i];
	return sum;
}

void cycles_fini(struct report_cycles *cycles)
{
	for (size_t i = 0; i < cycles->shapes.count; i++) {
		vec_fini(&cycles->shapes.at[i].members);
		vec_fini(&cycles->shapes.at[i].edges);
	}
	vec_fini(&cycles->shapes);
}
