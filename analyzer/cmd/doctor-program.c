/* SPDX-License-Identifier: Apache-2.0 */
/* tenure doctor PROGRAM: can it be profiled, and will its functions have names? */
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "launch/program.h"
#include "symbol/allocator.h"
#include "symbol/debugfile.h"

#include "doctor.h"

static void check_allocator(const char *path)
{
	struct allocator allocator = allocator_find(path);

	if (allocator.inside)
		doctor_say(DOCTOR_BAD, "allocator",
			   "it has a malloc of its own inside, whose calls cannot be seen");
	else if (*allocator.needed)
		doctor_say(DOCTOR_OK, "allocator", "%s", allocator.needed);
	else
		doctor_say(DOCTOR_OK, "allocator", "the C library's");
}

static void check_names(const char *path)
{
	struct debugfile file;
	Dwarf_Addr bias;

	if (debugfile_open(&file, path, "", NULL) < 0) {
		doctor_say(DOCTOR_BAD, "names", "out of memory");
		return;
	}

	if (!file.mod)
		doctor_say(DOCTOR_NOTE, "names", "'%s' cannot be read", path);
	else if (debugfile_dwarf(&file, &bias))
		doctor_say(DOCTOR_OK, "names", "functions, files and lines");
	else if (dwfl_module_getsymtab(file.mod) > 1)
		doctor_say(DOCTOR_NOTE, "names",
			   "functions only; install its debug information for files and lines");
	else
		doctor_say(DOCTOR_NOTE, "names", "none: it is stripped");
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
		check_allocator(program.runs);
		check_names(program.runs);
	}
	program_fini(&program);
}
