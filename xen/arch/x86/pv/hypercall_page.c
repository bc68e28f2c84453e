/* SPDX-License-Identifier: MIT */
/* The page of hypercall stubs, for kernels that do not make the call by
 * themselves: slot n makes hypercall n; iret is jumped to, not called. */
#include "asm/pv.h"

#include "public/domctl.h"
#include "public/xen.h"
#include "xen/errno.h"
#include "xen/string.h"
#include "asm/domctl.h"
#include "asm/mm.h"

#define HYPERCALL_SLOT 32

void pv_write_hypercall_page(u8 *page)
{
    static const u8 call[] = {0x51, 0x41, 0x53, 0xb8, 0,    0,    0,
                              0,    0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3};
    static const u8 iret[] = {0x51, 0x41, 0x53, 0x50, 0xb8, 23,
                              0,    0,    0,    0x0f, 0x05};

    memset(page, 0xcc, PAGE_SIZE);
    for (unsigned int i = 0; i < PAGE_SIZE / HYPERCALL_SLOT; i++) {
        u8 *slot = page + i * HYPERCALL_SLOT;

        memcpy(slot, call, sizeof(call));
        slot[4] = i;
        if (i == __HYPERVISOR_iret)
            memcpy(slot, iret, sizeof(iret));
    }
}

int domctl_hypercall_init(struct domain *d, struct xen_domctl *op)
{
    mfn_t mfn = _mfn(op->u.hypercall_init.gmfn);

    struct page_info *pg;

    if (!mfn_valid(mfn) || !page_get(mfn_to_page(mfn), d))
        return -EINVAL;
    pg = mfn_to_page(mfn);
    if (page_get_type(pg, PGT_writable)) {
        page_put(pg);
        return -EPERM;
    }
    pv_write_hypercall_page(mfn_to_virt(mfn));
    page_put_and_type(pg);
    return 0;
}
