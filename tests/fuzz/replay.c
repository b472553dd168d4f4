/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzzed function over the files of a directory: the corpus, in the normal test run. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static int run_file(const char *path)
{
	static uint8_t bytes[1 << 20];
	FILE *file = fopen(path, "rb");
	uint8_t *copy;
	size_t count;

	if (!file)
		return -1;
	count = fread(bytes, 1, sizeof(bytes), file);
	(void)fclose(file);
	/* Of the exact size, so that a sanitizer sees what is read beyond. */
	copy = malloc(count ? count : 1);
	if (!copy)
		return -1;
	memcpy(copy, bytes, count);
	(void)LLVMFuzzerTestOneInput(copy, count);
	free(copy);
	return 0;
}

int main(int argc, char **argv)
{
	const struct dirent *entry;
	unsigned int files = 0;
	DIR *directory = argc > 1 ? opendir(argv[1]) : NULL;

	if (!directory)
		return 2;
	while ((entry = readdir(directory))) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
		if (run_file(path) < 0)
			return 2;
		files++;
	}
	(void)closedir(directory);
	printf("%u files\n", files);
	return files ? 0 : 1;
}
