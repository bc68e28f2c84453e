/* SPDX-License-Identifier: MIT */
/*
 * Which exception goes where: to the hypervisor's own repair (descriptor
 * windows, emulation), back to the guest, or, in the hypervisor itself, to a
 * fixup or the end.
 */
#include "asm/traps.h"

#include "xen/bitops.h"
#include "xen/guest_access.h"
#include "xen/printk.h"
#include "xen/softirq.h"
#include "asm/mm.h"
#include "asm/processor.h"
#include "asm/pv.h"
#include "asm/xpti.h"
#include "asm/xstate.h"

struct ex_entry {
    s32 insn, fixup; /* relative to the field itself */
};

struct smap_site {
    s32 addr; /* relative to the field */
    u32 last_byte;
};

extern const struct ex_entry __ex_table_start[], __ex_table_end[];
extern const struct smap_site __smap_sites_start[], __smap_sites_end[];

static unsigned long relative(const s32 *field)
{
    return (unsigned long)field + *field;
}

bool fixup_exception(struct cpu_regs *regs)
{
    const struct ex_entry *e;

    for (e = __ex_table_start; e < __ex_table_end; e++)
        if (relative(&e->insn) == regs->rip) {
            regs->rip = relative(&e->fixup);
            return true;
        }
    return false;
}

void smap_patch(void *(*text_alias)(const void *))
{
    const struct smap_site *s;

    for (s = __smap_sites_start; s < __smap_sites_end; s++) {
        u8 *insn = text_alias((const void *)relative(&s->addr));

        insn[0] = 0x0f;
        insn[1] = 0x01;
        insn[2] = s->last_byte;
    }
}

/* A fault in this CPU's LDT window is the CPU fetching a descriptor that is
 * not mapped yet. Returns the offset into the LDT, or -1. */
static long ldt_window_offset(unsigned long va)
{
    unsigned long start = cpu_area(smp_processor_id()) + CPU_AREA_LDT;

    if (va < start || va >= start + 0x10000)
        return -1;
    return va - start;
}

/* At an address of the hypervisor. */
static void xen_address_fault(struct vcpu *v, struct cpu_regs *regs, u64 cr2)
{
    u32 error = regs->error_code;
    long offset = ldt_window_offset(cr2);

    if (offset >= 0) {
        if (pv_map_ldt_page(v, offset))
            return;
        /* The guest never sees our window: tell it in terms of its LDT. */
        cr2 = v->arch.ldt_base + offset;
        error &= ~(PFEC_PRESENT | PFEC_USER);
    }
    pv_inject_page_fault(v, regs, cr2, error);
}

/* By a guest's kernel, to a page that it may read. */
static void write_fault(struct vcpu *v, struct cpu_regs *regs, u64 cr2)
{
    if (!pv_emulate_pt_write(v, regs, cr2) &&
        !pv_emulate_mmio_write(v, regs, cr2))
        pv_inject_page_fault(v, regs, cr2, regs->error_code);
}

/* One that pv_bounce_page_fault() has not passed on. */
static void guest_page_fault(struct vcpu *v, struct cpu_regs *regs)
{
    u64 cr2 = read_cr2();

    local_irq_enable();
    if (guest_addr_ok(cr2))
        write_fault(v, regs, cr2);
    else
        xen_address_fault(v, regs, cr2);
}

/*
 * `int n` from a guest arrives as #GP naming the IDT entry. The vector is
 * taken from the instruction itself: what the error code says about it differs
 * between emulators.
 */
static bool software_interrupt(struct vcpu *v, struct cpu_regs *regs)
{
    const struct trap_info *ti;
    u8 insn[2];

    if (copy_from_guest(insn, regs->rip, sizeof(insn)) || insn[0] != 0xcd)
        return false;

    ti = &v->arch.trap_table[insn[1]];
    if (!ti->address || (!guest_kernel_mode(v) && (ti->flags & 3) != 3))
        return false;

    regs->rip += 2;
    pv_inject_trap(v, regs, insn[1], 0);
    return true;
}

static void guest_general_protection(struct vcpu *v, struct cpu_regs *regs)
{
    u32 error = regs->error_code;

    if (error & 2) { /* through the IDT */
        if (software_interrupt(v, regs))
            return;
    } else if (error == 0 && pv_emulate_privileged(regs)) {
        return;
    }
    pv_inject_trap(v, regs, TRAP_GP, error);
}

static void guest_debug(struct vcpu *v, struct cpu_regs *regs)
{
    unsigned long dr6;

    __asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
    __asm__ volatile("mov %0, %%dr6" ::"r"(0xffff0ff0UL));
    local_irq_enable();

    v->arch.debugreg[6] = (v->arch.debugreg[6] & ~0xfUL) | dr6;
    pv_inject_trap(v, regs, TRAP_DB, 0);
}

static void guest_no_device(struct vcpu *v, struct cpu_regs *regs)
{
    if (v->arch.virtual_ts) {
        v->arch.virtual_ts = false;
        __asm__ volatile("clts");
        local_irq_enable();
        pv_inject_trap(v, regs, TRAP_NM, 0);
    }
}

/* int 0x80 has a gate of its own: the one software interrupt that is fast. */
static void guest_int80(struct vcpu *v, struct cpu_regs *regs)
{
    const struct trap_info *ti = &v->arch.trap_table[0x80];

    if (ti->address && (guest_kernel_mode(v) || (ti->flags & 3) == 3)) {
        pv_inject_trap(v, regs, 0x80, 0);
    } else {
        regs->rip -= 2;
        pv_inject_trap(v, regs, TRAP_GP, (0x80 << 3) | 2);
    }
}

void handle_guest_trap(struct cpu_regs *regs)
{
    struct vcpu *v = current;

    switch (regs->entry_vector) {
    case TRAP_PF:
        guest_page_fault(v, regs);
        break;
    case TRAP_DB:
        guest_debug(v, regs);
        break;
    case TRAP_NM:
        guest_no_device(v, regs);
        break;
    case TRAP_GP:
        local_irq_enable();
        guest_general_protection(v, regs);
        break;
    case TRAP_UD:
        local_irq_enable();
        if (!pv_emulate_forced_cpuid(regs))
            pv_inject_trap(v, regs, TRAP_UD, 0);
        break;
    default: /* 0x80: the others come to pv_bounce_trap() */
        local_irq_enable();
        guest_int80(v, regs);
    }
}

void handle_xen_trap(struct cpu_regs *regs)
{
    unsigned long cr2 = read_cr2();
    long offset;

    if (regs->entry_vector == TRAP_PF) {
        /* Loading a guest's selector reads its LDT. */
        offset = ldt_window_offset(cr2);
        if (offset >= 0 && !is_idle_vcpu(current) &&
            pv_map_ldt_page(current, offset))
            return;
    } else if (regs->entry_vector == TRAP_BP) {
        return;
    }

    if (fixup_exception(regs))
        return;

    show_registers(regs);
    if (regs->entry_vector == TRAP_PF)
        show_page_walk(cr2);
    panic("Exception %u, error code %04x, in the hypervisor",
          regs->entry_vector, regs->error_code);
}

void pv_iret_refused(struct vcpu *v, struct cpu_regs *regs)
{
    u64 cr2 = read_cr2();
    long offset = ldt_window_offset(cr2);

    local_irq_enable();
    if (regs->entry_vector != TRAP_PF || offset < 0 ||
        !pv_map_ldt_page(v, offset))
        pv_iret_fault(v, regs);
}

void handle_xen_debug(struct cpu_regs *regs)
{
    unsigned long dr6;

    /* A breakpoint held back over SYSCALL, or a single step into SYSENTER: the
     * guest's doing, and nothing to us. */
    __asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
    __asm__ volatile("mov %0, %%dr6" ::"r"(0xffff0ff0UL));
    regs->rflags &= ~X86_EFLAGS_TF;
    (void)dr6;
}

void handle_nmi(struct cpu_regs *regs)
{
    if (regs->entry_vector == TRAP_MC) {
        show_registers(regs);
        panic("Machine check: the hardware reports a fatal error");
    }
    nmi_report(inb(0x61));
    if (!guest_frame(regs))
        xpti_restart_exit(regs);
}

void handle_double_fault(struct cpu_regs *regs)
{
    show_registers(regs);
    panic("Double fault: the hypervisor's stack or tables are damaged");
}
