/* SPDX-License-Identifier: Apache-2.0 */
/* The list of formats. */
#include <string.h>

#include "export/formats.h"

const char *const export_cost_names[] = { "peak", "live", "allocated", NULL };

const struct export_format export_formats[] = {
	{ "html", "one page for a browser, works offline", false, html_write },
	{ "pprof", "go tool pprof, Pyroscope, Parca, Grafana", true, pprof_write },
	{ "speedscope", "https://www.speedscope.app", false, speedscope_write },
	{ "folded", "flame graphs, Firefox Profiler", false, folded_write },
	{ "dhat", "valgrind's dh_view.html, Firefox Profiler", false, dhat_write },
	{ "dot", "Graphviz: reference cycles of Python objects", false, dot_write },
	{ "markdown", "verdict: summary of a CI job", false, markdown_write },
	{ "sarif", "verdict: GitHub code scanning and others", false, sarif_write },
	{ "junit", "verdict: test reports", false, junit_write },
	{ "gitlab", "verdict: GitLab code quality", false, gitlab_write },
	{ "annotations", "verdict: GitHub Actions, in the log", false, annotations_write },
	{ "openmetrics", "totals: GitLab metrics, Prometheus", false, openmetrics_write },
	{ 0 },
};

const struct export_format *export_find(const char *name)
{
	for (size_t i = 0; export_formats[i].name; i++) {
		if (strcmp(export_formats[i].name, name) == 0)
			return &export_formats[i];
	}
	return NULL;
}
