/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads plugins that only its own DT_RUNPATH finds, and unloads them, so that
 * the next one may get the same addresses.  Blocks are named by the plugin
 * that made them, also after it is gone.
 */
#include <dlfcn.h>

#include "truth.h"

#define ROUNDS 10

static void use(const char *name, size_t bytes)
{
	void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	void *(*make)(size_t);

	if (!handle)
		truth_to(STDERR_FILENO, "%s\n", dlerror());
	must(handle);
	make = (void *(*)(size_t))dlsym(handle, "plugin_make");
	must(make);
	must(make(bytes));
	free(make(1));
	must(dlclose(handle) == 0);
}

int main(void)
{
	must(dlopen(NULL, RTLD_NOW));
	must(!dlopen("libno-such-plugin.so", RTLD_NOW));
	for (int i = 0; i < ROUNDS; i++) {
		use("libplugin-a.so", 100);
		use("libplugin-b.so", 200);
	}

	truth("{\"sites\": {\"make_in_a\": {\"allocations\": %d, \"live_blocks\": %d,"
	      " \"live_bytes\": %d}, \"make_in_b\": {\"allocations\": %d, \"live_blocks\": %d,"
	      " \"live_bytes\": %d}}}\n",
	      2 * ROUNDS, ROUNDS, 100 * ROUNDS, 2 * ROUNDS, ROUNDS, 200 * ROUNDS);
	truth("{\"modules\": [\"plugins\", \"libplugin-a.so\", \"libplugin-b.so\", \"libc.so.6\"]}\n");
	return EXIT_SUCCESS;
}
