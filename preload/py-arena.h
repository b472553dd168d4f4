/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arenas that pymalloc cuts its blocks from.
 */
#ifndef PRELOAD_PY_ARENA_H
#define PRELOAD_PY_ARENA_H

/**
 * py_arena_install() - be told when an arena comes or goes; no harm in doing it again
 *
 * Interpreters without pymalloc, or without a way to be told, are left alone.
 * Context: as py_alloc_install().
 */
void py_arena_install(void);

#endif /* PRELOAD_PY_ARENA_H */
