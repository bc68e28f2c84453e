/* SPDX-License-Identifier: MIT */
/* Copying structs to and from hypercalls; see hypercall.h. */
#include "lib/hypercall.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "public/xen.h"

int buffer_fail(struct error **err_out)
{
    return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM,
                     "no memory for a hypercall's arguments");
}

int privcmd_fail(struct error **err_out, int64_t rc, const char *what)
{
    switch (-rc) {
    case EPERM:
        error_set(err_out, ERROR_PERMISSION, (int)rc,
                  "%s: the hypervisor refuses it to this domain", what);
        return error_hint(err_out, "run this in the control domain");
    case EACCES:
        error_set(err_out, ERROR_HYPERVISOR, (int)rc,
                  "%s: the hypervisor speaks another version of this call",
                  what);
        return error_hint(err_out, "use tools and hypervisor of one version");
    case ENOSYS:
        return error_set(err_out, ERROR_HYPERVISOR, (int)rc,
                         "%s: the hypervisor does not have this call", what);
    case ESRCH:
        return error_set(err_out, ERROR_NO_DOMAIN, (int)rc,
                         "%s: no such domain", what);
    default:
        return error_set(err_out, ERROR_HYPERVISOR, (int)rc, "%s: %s", what,
                         strerror((int)-rc));
    }
}

/* One struct to the hypervisor and back. */
static int struct_call(struct privcmd *p, unsigned int nr, void *op,
                       size_t size, const char *what, struct error **err_out)
{
    size_t mark = privcmd_mark(p);
    void *copy = privcmd_buffer(p, size);
    int64_t rc;

    if (!copy)
        return buffer_fail(err_out);
    memcpy(copy, op, size);
    rc = privcmd_call(p, nr, (uintptr_t)copy, 0, 0, 0, 0);
    if (rc < 0)
        privcmd_fail(err_out, rc, what);
    else
        memcpy(op, copy, size);
    privcmd_release(p, mark);
    return (int)rc;
}

int domctl_call(struct privcmd *p, struct xen_domctl *op, const char *what,
                struct error **err_out)
{
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    return struct_call(p, __HYPERVISOR_domctl, op, sizeof(*op), what, err_out);
}

int sysctl_call(struct privcmd *p, struct xen_sysctl *op, const char *what,
                struct error **err_out)
{
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return struct_call(p, __HYPERVISOR_sysctl, op, sizeof(*op), what, err_out);
}

void *buffer_with(struct privcmd *p, const void *data, size_t size,
                  struct error **err_out)
{
    void *buffer = privcmd_buffer(p, size);

    if (!buffer)
        buffer_fail(err_out);
    else if (size)
        memcpy(buffer, data, size);
    return buffer;
}

void *hypercall_copy(const void *data, size_t size, struct error **err_out)
{
    void *copy = malloc(size ? size : 1);

    if (copy)
        memcpy(copy, data, size);
    else
        error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    return copy;
}
