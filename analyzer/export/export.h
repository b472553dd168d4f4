/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report document in the formats of other tools.
 *
 * Every format is one function in a file of its own; export_formats lists them.
 */
#ifndef EXPORT_EXPORT_H
#define EXPORT_EXPORT_H

#include <stdio.h>

#include "base/attr.h"
#include "report/document.h"
#include "report/report-text.h"

/** What a stack costs, in formats that know one figure per stack. */
enum export_cost {
	EXPORT_PEAK,	  /* bytes held at the process's peak */
	EXPORT_LIVE,	  /* bytes held at the end */
	EXPORT_ALLOCATED, /* bytes ever asked for */
	EXPORT_COST_COUNT,
};

/** export_cost_names - in the order of enum export_cost, ended by NULL */
extern const char *const export_cost_names[];

/**
 * struct export_job - what to export
 * @report:  the document
 * @process: only this one; NULL: all of them
 * @cost:    see there
 * @frames:  which frames a stack with Python in it shows
 * @shape:   only this shape of cycles, from 1; 0: all
 * @root:    top of the sources; NULL: where the program was started
 */
struct export_job {
	const struct report *report;
	const struct report_process *process;
	enum export_cost cost;
	enum report_frames frames;
	uint64_t shape;
	const char *root;
};

/**
 * struct export_format - one format
 * @name:   the word for it on the command line
 * @about:  what opens it, for the help
 * @binary: not for terminals
 * @write:  write @job to @file, which stays open.  Return: 0 or a negative errno
 */
struct export_format {
	const char *name;
	const char *about;
	bool binary;
	int (*write)(const struct export_job *job, FILE *file);
};

/** export_formats - all of them, ended by one without a name */
extern const struct export_format export_formats[];

/** export_find() - the format of this name, or NULL */
const struct export_format *export_find(const char *name);

#endif /* EXPORT_EXPORT_H */
