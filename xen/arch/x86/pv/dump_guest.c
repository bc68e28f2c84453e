/* SPDX-License-Identifier: MIT */
/* A guest's state for the log: when it is crashed, and for the debug keys. */
#include "xen/vcpu.h"

#include "xen/guest_access.h"
#include "xen/printk.h"
#include "asm/pv.h"
#include "asm/traps.h"

#define STACK_WORDS 16

/* Words of the current guest's stack, as far as they can be read. */
static void show_guest_stack(const struct cpu_regs *regs)
{
    u64 word;

    printk("Guest stack at %016lx:", (unsigned long)regs->rsp);
    for (unsigned int i = 0; i < STACK_WORDS; i++) {
        if (copy_from_guest(&word, regs->rsp + i * sizeof(word), sizeof(word)))
            break;
        printk("%s%016lx", i % 4 ? " " : "\n  ", (unsigned long)word);
    }
    printk("\n");
}

void arch_dump_vcpu(struct vcpu *v)
{
    const struct cpu_regs *regs =
        v->dirty_cpu == smp_processor_id() && get_cpu_info()->loaded == v
            ? guest_regs()
            : &v->arch.regs;

    printk("d%dv%u in %s mode, events %s, cr2 %016lx, tables %lx/%lx\n",
           v->domain->domain_id, v->vcpu_id,
           guest_kernel_mode(v) ? "kernel" : "user",
           v->vcpu_info->evtchn_upcall_mask ? "masked" : "unmasked",
           (unsigned long)v->arch.cr2, mfn_x(v->arch.guest_table),
           mfn_x(v->arch.guest_table_user));
    show_registers(regs);
    if (v == current) {
        show_page_walk(v->arch.cr2);
        show_guest_stack(regs);
    }
}
