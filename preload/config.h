/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the environment asks of the shim, read once.
 */
#ifndef PRELOAD_CONFIG_H
#define PRELOAD_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#define CONFIG_SOCKET_BYTES 108 /* sun_path */
#define CONFIG_PATH_BYTES   1024

/**
 * struct config - the settings; constant after config_init()
 * @refused: a setuid or otherwise secure program, or not glibc: never record
 * @socket:  TENURE_SOCKET, empty when not set; '@' in front means abstract
 * @collect: TENURE_COLLECT, the analyzer to start, empty when not set
 * @environ: the environment as it was at start, NULL-terminated, without the
 *           variables that would load the shim again; NULL if @socket is set
 */
struct config {
	bool refused;
	char socket[CONFIG_SOCKET_BYTES];
	char collect[CONFIG_PATH_BYTES];
	char **environ;
};

extern struct config config;

/**
 * config_init() - read the environment
 *
 * May run before libc has set environ: then /proc/self/environ is read.
 * Context: the first event of the process, once.
 */
void config_init(void);

#endif /* PRELOAD_CONFIG_H */
