/* SPDX-License-Identifier: Apache-2.0 */
/* How far the members of an object go. */
#include "py-body.h"

#include <sys/uio.h>

#include "py-types.h"
#include "sys.h"

#define PAGE		    4096u
#define TYPE_BASICSIZE	    32u
#define MANAGED_DICT_BEFORE 24u
#define TYPE_BYTES	    (PY_TYPE_FLAGS + sizeof(uint64_t)) /* as much as is read of one */

bool py_read_safely(const void *from, void *to, size_t bytes)
{
	struct iovec into = { .iov_base = to, .iov_len = bytes };
	struct iovec of = { .iov_base = (void *)(uintptr_t)from, .iov_len = bytes };

	return SYS_CALL6(SYS_process_vm_readv, sys_getpid(), &into, 1, &of, 1, 0) == (long)bytes;
}

static bool is_class(const void *type)
{
	return py_flags_of(type) & PY_FLAG_TYPE_SUBCLASS;
}

/* @type: or a copy.  @flags: of @object if it is a class. */
static size_t body_as(const void *object, const void *type, uint64_t flags)
{
	ptrdiff_t bytes = (ptrdiff_t)py_field(type, TYPE_BASICSIZE);
	size_t to_page_end = PAGE - ((uintptr_t)object & (PAGE - 1));
	uintptr_t word;

	if (bytes < 0 || bytes > PY_BODY_MAX || (is_class(type) && !(flags & PY_FLAG_HEAPTYPE)))
		return 0;
	if ((size_t)bytes > to_page_end &&
	    !py_read_safely((const uint8_t *)object + bytes - sizeof(word), &word, sizeof(word)))
		return to_page_end;
	return (size_t)bytes;
}

size_t py_body_of(const void *object)
{
	const void *type = py_type_at(object);

	return body_as(object, type, is_class(type) ? py_flags_of(object) : 0);
}

const uint8_t *py_body_dict(const void *object)
{
	bool managed = py_state.abi->type_prefixed & PY_FLAG_MANAGED_DICT &&
		       py_flags_of(py_type_at(object)) & PY_FLAG_MANAGED_DICT;

	return managed ? (const uint8_t *)object - MANAGED_DICT_BEFORE : NULL;
}

size_t py_body_copy(const void *at, uint8_t copy[PY_BODY_MAX])
{
	uint8_t type[TYPE_BYTES] __attribute__((aligned(8)));
	uint64_t flags = 0;
	const void *type_at;
	size_t bytes;

	if (!py_read_safely((const uint8_t *)at + PY_OB_TYPE, &type_at, sizeof(type_at)) ||
	    !py_types_is_known(type_at) || !py_read_safely(type_at, type, sizeof(type)))
		return 0;
	if (is_class(type) &&
	    !py_read_safely((const uint8_t *)at + PY_TYPE_FLAGS, &flags, sizeof(flags)))
		return 0;
	bytes = body_as(at, type, flags);
	return bytes && py_read_safely(at, copy, bytes) ? bytes : 0;
}
