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

#define BATCH 128u /* operations of one call */

int mmuext_pin(struct privcmd *p, domid_t domid, const struct mmuext_pin *pins,
               size_t nr, struct error **err_out)
{
    size_t mark = privcmd_mark(p), done, i;
    struct mmuext_op *op = privcmd_buffer(p, BATCH * sizeof(*op));
    int64_t rc = 0;

    if (!op)
        return buffer_fail(err_out);
    for (done = 0; done < nr && rc >= 0; done += i) {
        for (i = 0; i < BATCH && done + i < nr; i++) {
            op[i].cmd = MMUEXT_PIN_L1_TABLE + pins[done + i].level - 1;
            op[i].arg1.mfn = pins[done + i].mfn;
        }
        rc = privcmd_call(p, __HYPERVISOR_mmuext_op, (uintptr_t)op, i, 0, domid,
                          0);
    }
    privcmd_release(p, mark);
    return rc < 0 ? privcmd_fail(err_out, rc, "mmuext_op PIN_TABLE") : 0;
}
