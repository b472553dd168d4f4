/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that loads Python, ends it and unloads it, as hosts of plug-ins
 * do, and goes on.  Says whether it is still there: other libraries may hold it.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static int run(void *library)
{
	void (*begin)(void) = (void (*)(void))dlsym(library, "Py_Initialize");
	int (*run_string)(const char *) =
		(int (*)(const char *))dlsym(library, "PyRun_SimpleString");
	int (*end)(void) = (int (*)(void))dlsym(library, "Py_FinalizeEx");

	if (!begin || !run_string || !end)
		return 2;
	begin();
	return run_string("kept = [object() for i in range(1000)]") || end() ? 3 : 0;
}

int main(int count, char **argv)
{
	for (int round = 0; round < 2 && count == 2; round++) {
		void *library = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
		int err = library ? run(library) : 1;

		if (err)
			return err;
		(void)dlclose(library);
		for (size_t i = 0; i < 1000; i++)
			free(malloc(i));
	}
	puts(dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) ? "there" : "gone");
	return 0;
}
