/* SPDX-License-Identifier: MIT */
/* What the thin calls of this folder share: copying and failing. */
#ifndef LIB_HYPERCALL_H
#define LIB_HYPERCALL_H

#include "public/domctl.h"
#include "public/sysctl.h"

#include "lib/privcmd.h"

/** The start of an operation on a domain. */
static inline struct xen_domctl op_for(domid_t domid, uint32_t cmd)
{
    return (struct xen_domctl){.cmd = cmd, .domain = domid};
}

/**
 * Make a domctl or sysctl: sets the interface version, copies the struct to a
 * hypercall buffer and back.
 *
 * @what  the call's name, for the error
 *
 * Returns the result of the call, 0 or more; -errno.
 */
int domctl_call(struct privcmd *p, struct xen_domctl *op, const char *what,
                struct error **err_out);
int sysctl_call(struct privcmd *p, struct xen_sysctl *op, const char *what,
                struct error **err_out);

/**
 * The error for a hypercall that failed: the reason in words.
 *
 * @rc    negative errno
 * @what  the call, as `domctl createdomain`
 *
 * Returns rc.
 */
int privcmd_fail(struct error **err_out, int64_t rc, const char *what);

/* The error of a hypercall for which there was no buffer. Returns -ENOMEM. */
int buffer_fail(struct error **err_out);

/**
 * A hypercall buffer with a copy of `size` bytes in it; privcmd_release() gives
 * it back. Returns NULL with an error stored where there is no memory.
 */
void *buffer_with(struct privcmd *p, const void *data, size_t size,
                  struct error **err_out);

/**
 * A copy of what a call left in its buffer, for the caller to free().
 *
 * Returns NULL with an error stored where there is no memory.
 */
void *hypercall_copy(const void *data, size_t size, struct error **err_out);

#endif
