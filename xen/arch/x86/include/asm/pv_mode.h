/* SPDX-License-Identifier: MIT */
/* The halves of pv_toggle_mode() without a call, for the ways into and out of a
 * guest's kernel. */
#ifndef ASM_PV_MODE_H
#define ASM_PV_MODE_H

#include "asm/processor.h"
#include "asm/pv.h"

static __always_inline void enter_kernel_mode(struct vcpu *v)
{
    v->arch.flags |= VCPU_KERNEL_MODE;
    __asm__ volatile("swapgs");
    write_cr3(mfn_to_maddr(v->arch.guest_table));
}

static __always_inline void enter_user_mode(struct vcpu *v)
{
    v->arch.flags &= ~VCPU_KERNEL_MODE;
    __asm__ volatile("swapgs");
    write_cr3(mfn_to_maddr(v->arch.guest_table_user));
}

#endif
