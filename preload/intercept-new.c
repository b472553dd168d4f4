/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators new and delete that record, for references that redirect.c changes.
 *
 * They are handed their arguments on as they came: size, alignment and the
 * nothrow tag are words in registers.  The next operator may throw; then the
 * exception passes through a frame that holds nothing: no guard, no cleanup.
 */
#include "intercept-new.h"

#include "intercept.h"
#include "redirect.h"

#define NEW_OPERATOR(i, fn)                                                             \
	static void *new_##i(size_t bytes, uintptr_t a, uintptr_t b)                    \
	{                                                                               \
		const struct stack_regs regs = STACK_HERE();                            \
		void *(*next)(size_t, uintptr_t, uintptr_t) = redirect_targets[i].next; \
                                                                                        \
		return intercept_alloc(next(bytes, a, b), bytes, fn, &regs);            \
	}

#define DELETE_OPERATOR(i)                                                             \
	static void delete_##i(void *block, uintptr_t a, uintptr_t b)                  \
	{                                                                              \
		void (*next)(void *, uintptr_t, uintptr_t) = redirect_targets[i].next; \
                                                                                       \
		(void)intercept_free(block, 0);                                        \
		next(block, a, b);                                                     \
	}

NEW_OPERATOR(0, TENURE_FN_NEW)
NEW_OPERATOR(1, TENURE_FN_NEW)
NEW_OPERATOR(2, TENURE_FN_NEW)
NEW_OPERATOR(3, TENURE_FN_NEW)
NEW_OPERATOR(4, TENURE_FN_NEW_ARRAY)
NEW_OPERATOR(5, TENURE_FN_NEW_ARRAY)
NEW_OPERATOR(6, TENURE_FN_NEW_ARRAY)
NEW_OPERATOR(7, TENURE_FN_NEW_ARRAY)
DELETE_OPERATOR(8)
DELETE_OPERATOR(9)
DELETE_OPERATOR(10)
DELETE_OPERATOR(11)
DELETE_OPERATOR(12)
DELETE_OPERATOR(13)
DELETE_OPERATOR(14)
DELETE_OPERATOR(15)
DELETE_OPERATOR(16)
DELETE_OPERATOR(17)
DELETE_OPERATOR(18)
DELETE_OPERATOR(19)

void *const intercept_new_operators[] = {
	new_0,	   new_1,     new_2,	 new_3,	    new_4,     new_5,	  new_6,
	new_7,	   delete_8,  delete_9,	 delete_10, delete_11, delete_12, delete_13,
	delete_14, delete_15, delete_16, delete_17, delete_18, delete_19,
};

_Static_assert(ARRAY_SIZE(intercept_new_operators) == REDIRECT_COUNT, "one for each operator");
