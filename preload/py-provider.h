/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPython provider as the core sees it (provider.h), and what its parts
 * tell it.
 */
#ifndef PRELOAD_PY_PROVIDER_H
#define PRELOAD_PY_PROVIDER_H

#include "thread.h"

/**
 * py_provider_first_object() - the first object came through the hooks
 *
 * The interpreter has chosen its allocators: nobody but extensions will
 * replace the hooks from here on.
 * Context: guard held.
 */
void py_provider_first_object(struct thread *thread);

#endif /* PRELOAD_PY_PROVIDER_H */
