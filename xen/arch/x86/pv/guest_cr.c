/* SPDX-License-Identifier: MIT */
/* CR4 as a guest sees it. */
#include "asm/pv.h"

#include "asm/cpuid.h"
#include "asm/processor.h"

/* Bits of CR4 that every guest finds set, and can't clear. */
#define CR4_FIXED                                                              \
    (X86_CR4_PAE | X86_CR4_MCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT)

u64 pv_guest_cr4(const struct vcpu *v)
{
    return v->arch.cr4 | CR4_FIXED;
}

void pv_set_guest_cr4(struct vcpu *v, u64 value)
{
    const struct cpuid_policy *p = v->domain->arch.cpuid;
    u64 allowed = X86_CR4_TSD | X86_CR4_DE;

    if (cpuid_has_fsgsbase(p))
        allowed |= X86_CR4_FSGSBASE;
    if (cpuid_has_xsave(p))
        allowed |= X86_CR4_OSXSAVE;
    v->arch.cr4 = value & allowed;
}
