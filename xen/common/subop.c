/* SPDX-License-Identifier: MIT */
/* Sub-operations of hypercalls: find, copy in, call, copy out. */
#include "xen/subop.h"

#include "xen/bitops.h"
#include "xen/bug.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/string.h"

long subop_call(const struct subop *table, unsigned int nr_rows,
                unsigned int nr, u64 arg)
{
    u64 copy[SUBOP_MAX_SIZE / sizeof(u64)];
    const struct subop *op;
    long rc;

    if (nr >= nr_rows)
        return -ENOSYS;
    op = &table[array_index_nospec(nr, nr_rows)];
    if (!op->handler)
        return -ENOSYS;
    if (!hypercall_allowed(op->right))
        return -EPERM;
    ASSERT(op->size <= sizeof(copy));

    if (op->copy == COPY_OUT)
        memset(copy, 0, op->size);
    else if (op->copy != COPY_NONE && copy_from_guest(copy, arg, op->size))
        return -EFAULT;

    rc = op->handler(copy);

    if ((op->copy == COPY_OUT || op->copy == COPY_INOUT) && rc != -ERESTART &&
        copy_to_guest(arg, copy, op->size))
        return -EFAULT;
    return rc;
}

long control_call(u64 arg, void *op, size_t size, u32 version,
                  long (*handler)(void *op))
{
    const struct control_header *header = op;
    long rc;

    if (copy_from_guest(op, arg, size))
        return -EFAULT;
    if (header->interface_version != version)
        return -EACCES;
    rc = handler(op);
    if (rc != -ERESTART && copy_to_guest(arg, op, size) && rc == 0)
        rc = -EFAULT;
    return rc;
}
