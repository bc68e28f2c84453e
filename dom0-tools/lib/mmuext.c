/* SPDX-License-Identifier: MIT */
/* The mmuext_op hypercall; see mmuext.h. */
#include "lib/mmuext.h"

#include "lib/hypercall.h"

int mmuext_pin_l4(struct privcmd *p, domid_t domid, uint64_t mfn,
                  struct error **err_out)
{
    size_t mark = privcmd_mark(p);
    struct mmuext_op *op = privcmd_buffer(p, sizeof(*op));
    int64_t rc;

    if (!op)
        return buffer_fail(err_out);
    op->cmd = MMUEXT_PIN_L4_TABLE;
    op->arg1.mfn = mfn;
    rc = privcmd_call(p, __HYPERVISOR_mmuext_op, (uintptr_t)op, 1, 0, domid, 0);
    privcmd_release(p, mark);
    return rc < 0 ? privcmd_fail(err_out, rc, "mmuext_op PIN_L4_TABLE") : 0;
}
