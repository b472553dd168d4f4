/* SPDX-License-Identifier: Apache-2.0 */
/* The writers behind export_formats. */
#ifndef EXPORT_FORMATS_H
#define EXPORT_FORMATS_H

#include "export/export.h"

/** dhat_write() - DHAT's JSON, version 2, of one process: the largest, unless one is chosen */
attr_nodiscard int dhat_write(const struct export_job *job, FILE *file);

/** gitlab_write() - GitLab's code quality report */
attr_nodiscard int gitlab_write(const struct export_job *job, FILE *file);

/** annotations_write() - workflow commands of GitHub Actions, ten at most */
attr_nodiscard int annotations_write(const struct export_job *job, FILE *file);

/** junit_write() - JUnit XML */
attr_nodiscard int junit_write(const struct export_job *job, FILE *file);

/** markdown_write() - the summary of a CI job */
attr_nodiscard int markdown_write(const struct export_job *job, FILE *file);

/** openmetrics_write() - OpenMetrics text */
attr_nodiscard int openmetrics_write(const struct export_job *job, FILE *file);

/** sarif_write() - SARIF 2.1.0 */
attr_nodiscard int sarif_write(const struct export_job *job, FILE *file);

/** dot_write() - Graphviz: shapes of Python's reference cycles; -ERANGE: there is no such one */
attr_nodiscard int dot_write(const struct export_job *job, FILE *file);

/** folded_write() - "outermost;…;innermost BYTES" lines */
attr_nodiscard int folded_write(const struct export_job *job, FILE *file);

/** html_write() - one page that needs nothing but a browser */
attr_nodiscard int html_write(const struct export_job *job, FILE *file);

/** pprof_write() - profile.proto, compressed */
attr_nodiscard int pprof_write(const struct export_job *job, FILE *file);

/** speedscope_write() - speedscope's JSON, a profile per process and cost */
attr_nodiscard int speedscope_write(const struct export_job *job, FILE *file);

#endif /* EXPORT_FORMATS_H */
