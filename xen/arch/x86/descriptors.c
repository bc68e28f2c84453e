/* SPDX-License-Identifier: MIT */
/*
 * GDT, IDT and TSS. One IDT serves all CPUs. The GDT is seen through the
 * per-CPU area (asm/config.h): the running guest's frames first, then a page of
 * the hypervisor's, then zeroes. SDM 3A, 3.4.5, 6.11, 7.7.
 */
#include "asm/descriptors.h"

#include "xen/errno.h"
#include "xen/page_alloc.h"
#include "xen/percpu.h"
#include "xen/string.h"
#include "asm/boot_mem.h"
#include "asm/cpufeature.h"
#include "asm/mm.h"
#include "asm/processor.h"
#include "asm/traps.h"

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

#define CPU_AREA_PAGES  64
#define GDT_PAGE_OFFSET (FIRST_RESERVED_GDT_PAGE * PAGE_SIZE)
#define GDT_INDEX(sel)  (((sel) >> 3) - FIRST_RESERVED_GDT_ENTRY)

static struct idt_gate idt[256] __aligned(4096);

/* What an unused page of a GDT window shows: descriptors that are not present.
 */
static const u8 zero_page[PAGE_SIZE] __aligned(PAGE_SIZE);

static DEFINE_PER_CPU(struct tss, tss);
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

static void fill_tss(unsigned int cpu, const void *stack)
{
    struct tss *t = &per_cpu(tss, cpu);

    t->rsp[0] = guest_frame_top(stack);
    for (unsigned int ist = IST_DB; ist <= IST_DF; ist++)
        t->ist[ist - 1] = (unsigned long)stack + ist * PAGE_SIZE;
    t->io_bitmap = sizeof(*t);
    set_system_descriptor(cpu, TSS_SELECTOR, (unsigned long)t, sizeof(*t) - 1,
                          DESC_TSS);
}

static void set_gate(unsigned int vector, u64 flags)
{
    u64 entry = trap_entries[vector];

    idt[vector].low = (entry & 0xffff) | ((u64)HYPERVISOR_CS << 16) |
                      GATE_INTERRUPT | flags | ((entry & 0xffff0000) << 32);
    idt[vector].high = entry >> 32;
}

static void fill_idt(void)
{
    for (unsigned int vector = 0; vector < ARRAY_SIZE(idt); vector++)
        set_gate(vector, 0);
    set_gate(TRAP_DB, GATE_IST(IST_DB));
    set_gate(TRAP_NMI, GATE_IST(IST_NMI));
    set_gate(TRAP_BP, GATE_DPL3);
    set_gate(TRAP_OF, GATE_DPL3);
    set_gate(TRAP_DF, GATE_IST(IST_DF));
    set_gate(TRAP_MC, GATE_IST(IST_MC));
    set_gate(0x80, GATE_DPL3);
}

/* The page behind the entry stub: word 0 is for the guest's stack pointer. */
static void fill_stub_data(u64 *data, const void *stack)
{
    data[1] = guest_frame_top(stack);
}

int cpu_area_init(unsigned int cpu, void *stack)
{
    unsigned long area = cpu_area(cpu);
    u64 *stub_data = alloc_xenheap_page();
    u64 *gdt = alloc_xenheap_page();

    /* The first entry makes the table, which lies inside one L1. */
    if (!stub_data || !gdt ||
        map_pages_to_xen(area + GDT_PAGE_OFFSET, virt_to_mfn(gdt), 1,
                         PAGE_HYPERVISOR_RW) ||
        map_pages_to_xen(area + CPU_AREA_STUB,
                         maddr_to_mfn(image_to_maddr(stub_page)), 1,
                         PAGE_HYPERVISOR_RX) ||
        map_pages_to_xen(area + CPU_AREA_STUB_DATA, virt_to_mfn(stub_data), 1,
                         PAGE_HYPERVISOR_RW)) {
        free_xenheap_page(stub_data);
        free_xenheap_page(gdt);
        return -ENOMEM;
    }

    area_l1e[cpu] = xen_l1e(area);
    gdt_page[cpu] = gdt;
    for (unsigned int page = 0; page <= FIRST_RESERVED_GDT_PAGE + 1; page++)
        if (page != FIRST_RESERVED_GDT_PAGE)
            cpu_area_set_pte(cpu, page * PAGE_SIZE, 0);
    fill_gdt(gdt);
    fill_tss(cpu, stack);
    fill_stub_data(stub_data, stack);
    return 0;
}

/* Entry by SYSCALL and SYSENTER (SDM 3A 5.8.7, 5.8.8). */
static void set_entry_msrs(unsigned int cpu)
{
    unsigned long stub = cpu_area(cpu) + CPU_AREA_STUB;

    wrmsr(MSR_STAR, ((u64)FLAT_USER_CS32 << 48) | ((u64)HYPERVISOR_CS << 32));
    wrmsr(MSR_LSTAR, stub + (stub_syscall - stub_page));
    wrmsr(MSR_CSTAR, stub + (stub_syscall32 - stub_page));
    wrmsr(MSR_SYSCALL_MASK, X86_EFLAGS_AC | X86_EFLAGS_NT | X86_EFLAGS_RF |
                                X86_EFLAGS_IOPL | X86_EFLAGS_DF |
                                X86_EFLAGS_IF | X86_EFLAGS_TF | X86_EFLAGS_VM);
    if (cpu_features.vendor == VENDOR_INTEL) {
        wrmsr(MSR_SYSENTER_CS, HYPERVISOR_CS);
        wrmsr(MSR_SYSENTER_ESP, (unsigned long)(guest_regs() + 1));
        wrmsr(MSR_SYSENTER_EIP, (unsigned long)sysenter_entry);
    }
}

void load_descriptors(unsigned int cpu)
{
    const struct table_register gdtr = {.limit = 0xffff, .base = cpu_area(cpu)};
    const struct table_register idtr = {.limit = sizeof(idt) - 1,
                                        .base = (unsigned long)idt};

    if (cpu == 0)
        fill_idt();

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
