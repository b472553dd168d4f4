/* SPDX-License-Identifier: Apache-2.0 */
/* tenure doctor PROGRAM: can it be profiled, and will its functions have names? */
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "launch/program.h"
#include "symbol/debugfile.h"
#include "symbol/survey.h"

#include "doctor.h"

static void check_allocator(const struct survey *survey)
{
	if (survey->malloc_inside)
		doctor_say(DOCTOR_BAD, "allocator",
			   "it has a malloc of its own inside, whose calls cannot be seen");
	else if (*survey->allocator)
		doctor_say(DOCTOR_OK, "allocator", "%s", survey->allocator);
	else
		doctor_say(DOCTOR_OK, "allocator", "the C library's");
}

static void check_names(const char *path, const struct survey *survey)
{
	struct debugfile file;
	Dwarf_Addr bias;

	if (debugfile_open(&file, path, "", NULL) < 0)
		doctor_say(DOCTOR_BAD, "names", "out of memory");
	else if (!file.mod)
		doctor_say(DOCTOR_NOTE, "names", "'%s' cannot be read", path);
	else if (debugfile_dwarf(&file, &bias))
		doctor_say(DOCTOR_OK, "names", "functions, files and lines");
	else if (survey->symbols)
		doctor_say(DOCTOR_NOTE, "names",
			   "functions; its debug information would give files and lines");
	else
		doctor_say(DOCTOR_NOTE, "names",
			   "stripped; its debug information would give functions, files, lines");
	debugfile_close(&file);
}

void doctor_program(const char *name)
{
	struct program program;
	int r = program_inspect(name, &program);

	if (r < 0) {
		doctor_say(DOCTOR_BAD, "program", "'%s': %s", name, log_reason(r));
		return;
	}

	if (strcmp(program.path, program.runs) == 0)
		doctor_say(DOCTOR_OK, "program", "%s", program.path);
	else
		doctor_say(DOCTOR_OK, "program", "%s, run by %s", program.path, program.runs);

	if (program.obstacle != PROGRAM_FINE) {
		doctor_say(program.obstacle == PROGRAM_UNKNOWN ? DOCTOR_NOTE : DOCTOR_BAD,
			   "profiling", "it %s", program_why(program.obstacle));
	} else {
		doctor_say(DOCTOR_OK, "profiling", "loaded by %s",
			   *program.loader ? program.loader : program.runs);
		struct survey survey = survey_file(program.runs);

		check_allocator(&survey);
		check_names(program.runs, &survey);
	}
	program_fini(&program);
}
