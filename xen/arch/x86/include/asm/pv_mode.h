/* SPDX-License-Identifier: MIT */
/* pv_toggle_mode() without a call, for the ways into and out of a guest's
 * kernel. */
#ifndef ASM_PV_MODE_H
#define ASM_PV_MODE_H

#include "asm/processor.h"
#include "asm/pv.h"

static __always_inline void toggle_mode(struct vcpu *v)
{
    mfn_t table;

    v->arch.flags ^= VCPU_KERNEL_MODE;
    table =
        guest_kernel_mode(v) ? v->arch.guest_table : v->arch.guest_table_user;
    __asm__ volatile("swapgs");
    write_cr3(mfn_to_maddr(table));
}

#endif
