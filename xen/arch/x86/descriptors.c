/* SPDX-License-Identifier: MIT */
/*
 * GDT, IDT and TSS. One IDT serves all CPUs. The GDT is seen through the
 * per-CPU area (asm/config.h): the running guest's frames first, then a page of
 * the hypervisor's, then zeroes. SDM 3A, 3.4.5, 6.11, 7.7.
 */
#include "asm/descriptors.h"

#include "xen/errno.h"
#include "xen/page_alloc.h"
#include "xen/string.h"
#include "asm/boot_mem.h"
#include "asm/cpufeature.h"
#include "asm/current.h"
#include "asm/mm.h"
#include "asm/processor.h"
#include "asm/traps.h"
#include "asm/xpti.h"

struct tss {
    u32 reserved0;
    u64 rsp[3];
    u64 reserved1;
    u64 ist[7];
    u64 reserved2;
    u16 reserved3;
    u16 io_bitmap; /* offset; beyond the limit: no port is allowed */
} __packed;

struct idt_gate {
    u64 low, high;
};

struct table_register {
    u16 limit;
    u64 base;
} __packed;

#define GATE_INTERRUPT (0x8eUL << 40) /* present, interrupts off */
#define GATE_DPL3      (0x60UL << 40)
#define GATE_IST(n)    ((u64)(n) << 32)

#define DESC_TSS       9

/* IST numbers: page of the stack plus one (asm/current.h). */
#define IST_DB          1
#define IST_MC          2
#define IST_NMI         3
#define IST_DF          4

#define GDT_PAGE_OFFSET (FIRST_RESERVED_GDT_PAGE * PAGE_SIZE)
#define GDT_INDEX(sel)  (((sel) >> 3) - FIRST_RESERVED_GDT_ENTRY)

/* A CPU's page of it, as entry.S and xpti_entry.S see it. */
struct entry_data {
    u64 guest_rsp;
    u64 own_stack;
    u64 xpti[6];
    u64 own_ist[IST_DF];
    u64 unused[4];
    struct tss tss;
};

#define NR_GATES 256

static struct idt_gate idt[NR_GATES] __aligned(4096);

/* What an unused page of a GDT window shows: descriptors that are not present.
 */
static const u8 zero_page[PAGE_SIZE] __aligned(PAGE_SIZE);

/* The hypervisor's descriptors, and the L1 entries of the CPU's area. */
static u64 *gdt_page[NR_CPUS];
static u64 *area_l1e[NR_CPUS];

void cpu_area_set_pte(unsigned int cpu, unsigned int offset, u64 pte)
{
    u64 *entry = area_l1e[cpu] + (offset >> PAGE_SHIFT);
    u64 old = *entry;

    if (pte == 0 && offset < CPU_AREA_LDT)
        pte = pte_make(maddr_to_mfn(image_to_maddr(zero_page)),
                       PAGE_HYPERVISOR_RO & ~PTE_GLOBAL);
    if (pte == old)
        return;
    WRITE_ONCE(*entry, pte);
    if (old & PTE_PRESENT)
        invlpg(cpu_area(cpu) + offset);
}

void set_system_descriptor(unsigned int cpu, unsigned int selector,
                           unsigned long base, u32 limit, unsigned int type)
{
    u64 *desc = &gdt_page[cpu][GDT_INDEX(selector)];

    desc[1] = base >> 32;
    desc[0] = (limit & 0xffff) | ((base & 0xffffff) << 16) | ((u64)type << 40) |
              (1UL << 47) | ((u64)(limit & 0xf0000) << 32) |
              ((base & 0xff000000) << 32);
}

static void fill_gdt(u64 *gdt)
{
    gdt[GDT_INDEX(HYPERVISOR_CS)] = 0x00af9b000000ffff;
    gdt[GDT_INDEX(HYPERVISOR_DS)] = 0x00cf93000000ffff;
    gdt[GDT_INDEX(FLAT_USER_CS32)] = 0x00cffb000000ffff;
    gdt[GDT_INDEX(FLAT_USER_SS)] = 0x00cff3000000ffff;
    gdt[GDT_INDEX(FLAT_USER_CS64)] = 0x00affb000000ffff;
    gdt[GDT_INDEX(HYPERVISOR_CS32)] = 0x00cf9b000000ffff;
}

/* Where a frame for the guest's registers ends, on this stack. */
static unsigned long guest_frame_top(const void *stack)
{
    struct cpu_info *info = (struct cpu_info *)((char *)stack + STACK_SIZE) - 1;

    /* The CPU aligns the stack before it pushes a frame. */
    BUILD_BUG_ON((sizeof(*info) - sizeof(info->guest_regs)) % 16 != 0);
    return (unsigned long)(&info->guest_regs + 1);
}

/* The page behind the entry stub. Its stacks are used where guests cannot have
 * the hypervisor's mapped. */
static void fill_entry_data(unsigned int cpu, struct entry_data *data,
                            const void *stack)
{
    unsigned long area = cpu_area(cpu);
    unsigned long stacks = area + CPU_AREA_XPTI_DATA;
    struct tss *t = &data->tss;

    BUILD_BUG_ON(offsetof(struct entry_data, own_ist) != XPTI_OWN_IST);
    BUILD_BUG_ON(offsetof(struct entry_data, tss) != XPTI_TSS);
    BUILD_BUG_ON(sizeof(*data) > XPTI_STACK - XPTI_FRAME_SIZE);

    data->own_stack = guest_frame_top(stack);
    t->rsp[0] = xpti_enabled ? stacks + XPTI_STACK : data->own_stack;
    for (unsigned int ist = IST_DB; ist <= IST_DF; ist++) {
        data->own_ist[ist - 1] = (unsigned long)stack + ist * PAGE_SIZE;
        t->ist[ist - 1] = xpti_enabled ? stacks + XPTI_STACK_IST(ist)
                                       : data->own_ist[ist - 1];
    }
    t->io_bitmap = sizeof(*t);
    set_system_descriptor(cpu, TSS_SELECTOR,
                          area + CPU_AREA_STUB_DATA + XPTI_TSS, sizeof(*t) - 1,
                          DESC_TSS);
}

static void set_gate(struct idt_gate *gate, u64 entry, u64 flags)
{
    gate->low = (entry & 0xffff) | ((u64)HYPERVISOR_CS << 16) | GATE_INTERRUPT |
                flags | ((entry & 0xffff0000) << 32);
    gate->high = entry >> 32;
}

static u64 gate_flags(unsigned int vector)
{
    switch (vector) {
    case TRAP_DB:
        return GATE_IST(IST_DB);
    case TRAP_NMI:
        return GATE_IST(IST_NMI);
    case TRAP_DF:
        return GATE_IST(IST_DF);
    case TRAP_MC:
        return GATE_IST(IST_MC);
    case TRAP_BP:
    case TRAP_OF:
    case 0x80:
        return GATE_DPL3;
    default:
        return 0;
    }
}

/* With root tables of their own for guests: everything that an entry from them
 * touches lies in the area, so each CPU has an IDT. */
static int cpu_xpti_init(unsigned int cpu, struct entry_data *data)
{
    unsigned long entries = xpti_entries(cpu);
    struct idt_gate *gates = alloc_xenheap_page();

    if (!gates || map_pages_to_xen(cpu_area(cpu) + CPU_AREA_XPTI_IDT,
                                   virt_to_mfn(gates), 1, PAGE_HYPERVISOR_RO)) {
        free_xenheap_page(gates);
        return -ENOMEM;
    }
    for (unsigned int vector = 0; vector < NR_GATES; vector++)
        set_gate(&gates[vector], entries + vector * XPTI_ENTRY_SIZE,
                 gate_flags(vector));
    return xpti_cpu_init(cpu, area_l1e[cpu], data);
}

int cpu_area_init(unsigned int cpu, void *stack)
{
    unsigned long area = cpu_area(cpu);
    struct entry_data *data = alloc_xenheap_page();
    u64 *gdt = alloc_xenheap_page();

    /* The first entry makes the table, which lies inside one L1. */
    if (!data || !gdt ||
        map_pages_to_xen(area + GDT_PAGE_OFFSET, virt_to_mfn(gdt), 1,
                         PAGE_HYPERVISOR_RW) ||
        map_pages_to_xen(area + CPU_AREA_STUB,
                         maddr_to_mfn(image_to_maddr(stub_page)), 1,
                         PAGE_HYPERVISOR_RX) ||
        map_pages_to_xen(area + CPU_AREA_STUB_DATA, virt_to_mfn(data), 1,
                         PAGE_HYPERVISOR_RW)) {
        free_xenheap_page(data);
        free_xenheap_page(gdt);
        return -ENOMEM;
    }

    memset(data, 0, PAGE_SIZE);
    area_l1e[cpu] = xen_l1e(area);
    gdt_page[cpu] = gdt;
    for (unsigned int page = 0; page <= FIRST_RESERVED_GDT_PAGE + 1; page++)
        if (page != FIRST_RESERVED_GDT_PAGE)
            cpu_area_set_pte(cpu, page * PAGE_SIZE, 0);
    fill_gdt(gdt);
    fill_entry_data(cpu, data, stack);
    return xpti_enabled ? cpu_xpti_init(cpu, data) : 0;
}

/* Entry by SYSCALL and SYSENTER (SDM 3A 5.8.7, 5.8.8). */
static void set_entry_msrs(unsigned int cpu)
{
    unsigned long stub = cpu_area(cpu) + CPU_AREA_STUB;

    wrmsr(MSR_STAR, ((u64)FLAT_USER_CS32 << 48) | ((u64)HYPERVISOR_CS << 32));
    wrmsr(MSR_LSTAR, xpti_enabled ? xpti_syscall_entry(cpu)
                                  : stub + (stub_syscall - stub_page));
    wrmsr(MSR_CSTAR, xpti_enabled ? xpti_syscall32_entry(cpu)
                                  : stub + (stub_syscall32 - stub_page));
    wrmsr(MSR_SYSCALL_MASK, X86_EFLAGS_AC | X86_EFLAGS_NT | X86_EFLAGS_RF |
                                X86_EFLAGS_IOPL | X86_EFLAGS_DF |
                                X86_EFLAGS_IF | X86_EFLAGS_TF | X86_EFLAGS_VM);
    if (cpu_features.vendor == VENDOR_INTEL) {
        wrmsr(MSR_SYSENTER_CS, HYPERVISOR_CS);
        wrmsr(MSR_SYSENTER_ESP,
              xpti_enabled ? cpu_area(cpu) + CPU_AREA_XPTI_DATA + XPTI_STACK
                           : (unsigned long)(guest_regs() + 1));
        wrmsr(MSR_SYSENTER_EIP, xpti_enabled ? xpti_sysenter_entry(cpu)
                                             : (unsigned long)sysenter_entry);
    }
}

void load_descriptors(unsigned int cpu)
{
    const struct table_register gdtr = {.limit = 0xffff, .base = cpu_area(cpu)};
    const struct table_register idtr = {
        .limit = sizeof(idt) - 1,
        .base = xpti_enabled ? cpu_area(cpu) + CPU_AREA_XPTI_IDT
                             : (unsigned long)idt};

    if (cpu == 0)
        for (unsigned int vector = 0; vector < NR_GATES; vector++)
            set_gate(&idt[vector], trap_entries[vector], gate_flags(vector));
    if (xpti_enabled)
        get_cpu_info()->entry_data = (char *)cpu_area(cpu) + CPU_AREA_XPTI_DATA;

    __asm__ volatile("lgdt %0" ::"m"(gdtr));
    __asm__ volatile("pushq %0\n"
                     "lea 1f(%%rip), %%rax\n"
                     "pushq %%rax\n"
                     "lretq\n"
                     "1:" ::"i"(HYPERVISOR_CS)
                     : "rax", "memory");
    __asm__ volatile("mov %0, %%ss" ::"r"(HYPERVISOR_DS));
    __asm__ volatile(
        "mov %0, %%ds; mov %0, %%es; mov %0, %%fs; mov %0, %%gs" ::"r"(0));
    __asm__ volatile("lidt %0" ::"m"(idtr));
    load_ldt_register(0);
    __asm__ volatile("ltr %w0" ::"r"(TSS_SELECTOR));
    set_entry_msrs(cpu);
}
