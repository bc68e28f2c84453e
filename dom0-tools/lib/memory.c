/* SPDX-License-Identifier: MIT */
/* The memory_op hypercall; see memory.h. */
#include "lib/memory.h"

#include <errno.h>

#include "lib/hypercall.h"

/* A question without arguments. */
static int count_read(struct privcmd *p, unsigned int cmd, const char *what,
                      uint64_t *count_out, struct error **err_out)
{
    int64_t rc = privcmd_call(p, __HYPERVISOR_memory_op, cmd, 0, 0, 0, 0);

    if (rc < 0 && rc != -ENOSYS && rc != -EOPNOTSUPP)
        return privcmd_fail(err_out, rc, what);
    *count_out = rc < 0 ? 0 : (uint64_t)rc;
    return 0;
}

int memory_sharing(struct privcmd *p, uint64_t *freed_out, uint64_t *used_out,
                   struct error **err_out)
{
    int rc =
        count_read(p, XENMEM_get_sharing_freed_pages,
                   "memory_op get_sharing_freed_pages", freed_out, err_out);

    return rc ? rc
              : count_read(p, XENMEM_get_sharing_shared_pages,
                           "memory_op get_sharing_shared_pages", used_out,
                           err_out);
}
