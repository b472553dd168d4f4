/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Libc unloads an object by itself, as it does with modules of iconv, and
 * then the program forks: the child must not look for what is gone.
 */
#include <dlfcn.h>
#include <sys/wait.h>

#include "truth.h"

attr_site static void *block(size_t bytes)
{
	return malloc(bytes);
}

int main(void)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW);
	int (*libc_dlclose)(void *);
	void *plugin;
	int status;
	pid_t child;

	must(libc);
	libc_dlclose = (int (*)(void *))dlsym(libc, "dlclose");
	plugin = dlopen("libplugin-a.so", RTLD_NOW);
	must(libc_dlclose && plugin);
	must(dlopen("libc.so.6", RTLD_NOW)); /* the plug-in is noticed */
	must(libc_dlclose(plugin) == 0);

	child = fork();
	if (child == 0) {
		must(block(5));
		truth("{\"pid\": %d, \"sites\": {\"block\": {\"allocations\": 1}}}\n",
		      (int)getpid());
		_exit(0);
	}
	must(waitpid(child, &status, 0) == child);
	must(status == 0);
	truth("{\"modules\": [\"unnoticed\", \"libplugin-a.so\"]}\n");
	return EXIT_SUCCESS;
}
