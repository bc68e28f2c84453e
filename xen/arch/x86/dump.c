/* SPDX-License-Identifier: MIT */
/* Registers, stack and page walk, for the log. */
#include "asm/traps.h"

#include "xen/panic.h"
#include "xen/printk.h"
#include "xen/vcpu.h"
#include "asm/mm.h"
#include "asm/processor.h"

#define STACK_WORDS 32

static void show_who(const struct cpu_regs *regs)
{
    struct vcpu *v = current;

    if (v && !is_idle_vcpu(v))
        printk("CPU %u, d%dv%u, in %s\n", smp_processor_id(),
               v->domain->domain_id, v->vcpu_id,
               guest_frame(regs) ? "the guest" : "the hypervisor");
    else
        printk("CPU %u, idle\n", smp_processor_id());
}

#define REG(r) ((unsigned long long)(r))

void show_gprs(const struct cpu_regs *regs)
{
    printk("RIP:    %04x:[<%016llx>]", regs->cs, REG(regs->rip));
    if (!guest_frame(regs))
        printk(" %ps", (void *)regs->rip);
    printk("\n");
    printk("RFLAGS: %016llx   vector %d error %04x\n", REG(regs->rflags),
           regs->entry_vector, regs->error_code);
    printk("rax: %016llx   rbx: %016llx   rcx: %016llx\n", REG(regs->rax),
           REG(regs->rbx), REG(regs->rcx));
    printk("rdx: %016llx   rsi: %016llx   rdi: %016llx\n", REG(regs->rdx),
           REG(regs->rsi), REG(regs->rdi));
    printk("rbp: %016llx   rsp: %016llx   r8:  %016llx\n", REG(regs->rbp),
           REG(regs->rsp), REG(regs->r8));
    printk("r9:  %016llx   r10: %016llx   r11: %016llx\n", REG(regs->r9),
           REG(regs->r10), REG(regs->r11));
    printk("r12: %016llx   r13: %016llx   r14: %016llx\n", REG(regs->r12),
           REG(regs->r13), REG(regs->r14));
    printk("r15: %016llx   ss: %04x\n", REG(regs->r15), regs->ss);
}

static void show_control(void)
{
    printk("cr0: %016llx   cr2: %016llx   cr3: %016llx   cr4: %016llx\n",
           REG(read_cr0()), REG(read_cr2()), REG(read_cr3()), REG(read_cr4()));
    printk("fsb: %016llx   gsb: %016llx   gss: %016llx\n",
           REG(rdmsr(MSR_FS_BASE)), REG(rdmsr(MSR_GS_BASE)),
           REG(rdmsr(MSR_KERNEL_GS_BASE)));
}

/* An overflow ends in the guard page: what lies above it tells of it. */
static unsigned long skip_guard_page(unsigned long sp)
{
    unsigned long guard =
        (sp & ~(STACK_SIZE - 1UL)) + STACK_GUARD_PAGE * PAGE_SIZE;

    return sp - guard < PAGE_SIZE ? guard + PAGE_SIZE : sp;
}

static void show_own_stack(unsigned long sp)
{
    unsigned int nr = 0;

    printk("Stack at %016lx:", sp);
    for (; on_own_stack(sp) && nr < STACK_WORDS; sp += 8, nr++)
        printk("%s%016lx", nr % 4 ? " " : "\n  ", *(unsigned long *)sp);
    printk("\n");
}

void show_registers(const struct cpu_regs *regs)
{
    show_who(regs);
    show_gprs(regs);
    show_control();
    if (!guest_frame(regs)) {
        unsigned long sp = skip_guard_page(regs->rsp);

        show_own_stack(sp);
        backtrace_from(regs->rip, regs->rbp, sp);
    }
}

void show_page_walk(unsigned long va)
{
    mfn_t mfn = maddr_to_mfn(read_cr3() & PTE_ADDR_MASK);

    printk("Page walk of %016lx from %lx:\n", va, mfn_x(mfn));
    for (unsigned int level = 4; level > 0; level--) {
        unsigned int index = pt_index(va, level);
        u64 entry;

        if (!mfn_valid(mfn)) {
            printk("  table at frame %lx: not RAM\n", mfn_x(mfn));
            return;
        }
        entry = ((const u64 *)mfn_to_virt(mfn))[index];
        printk("  L%u[%03x] = %016llx\n", level, index, REG(entry));
        if (!(entry & PTE_PRESENT) || (level < 4 && (entry & PTE_PSE)))
            return;
        mfn = pte_mfn(entry);
    }
}
