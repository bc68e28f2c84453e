/* SPDX-License-Identifier: MIT */
/* Stores to device frames that guests may only read (MSI-X tables, ...): the
 * instruction is passed over, and nothing is written. */
#include "asm/pv.h"

#include "asm/emul.h"
#include "asm/pv_mm.h"

bool pv_emulate_mmio_write(struct vcpu *v, struct cpu_regs *regs, u64 cr2)
{
    u64 pte = guest_get_l1e(cr2);
    struct insn insn;

    if (!v->domain->arch.has_devices || !(pte & PTE_PRESENT) ||
        !is_iomem_mfn(pte_mfn(pte)) || !mmio_ro_frame(mfn_x(pte_mfn(pte))))
        return false;

    if (!pv_fetch_store(regs, &insn) || insn.addr != cr2 ||
        insn_reads_memory(&insn))
        return false;

    regs->rip += insn.len;
    return true;
}
