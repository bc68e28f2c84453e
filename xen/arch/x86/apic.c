/* SPDX-License-Identifier: MIT */
/*
 * The local APIC, by its page of registers (xAPIC) or by MSRs (x2APIC).
 *
 * x2APIC is used where the firmware has switched it on, where a CPU's id needs
 * it, and under another hypervisor, which saves many exits; elsewhere the IDs
 * that IO-APICs and messages can name are what counts, and xAPIC has those.
 *
 * Source: SDM 3A chapter 10.
 */
#include "asm/apic.h"

#include "xen/atomic.h"
#include "xen/bug.h"
#include "xen/printk.h"
#include "xen/vmap.h"
#include "asm/acpi.h"
#include "asm/current.h"
#include "asm/irq.h"
#include "asm/irqflags.h"
#include "asm/page.h"
#include "asm/processor.h"
#include "asm/smp.h"

#define APIC_DEFAULT_ADDRESS  0xfee00000
#define APIC_BASE_X2APIC      (1UL << 10)
#define APIC_BASE_ENABLE      (1UL << 11)
#define APIC_BASE_ADDRESS     0x000ffffffffff000UL

#define SVR_ENABLE            0x100
#define LVT_MASKED            0x10000
#define LVT_NMI               0x400
#define LVT_TIMER_DEADLINE    0x40000
#define TDCR_DIVIDE_BY_1      0xb

#define ICR_DELIVERY_NMI      0x00400
#define ICR_DELIVERY_INIT     0x00500
#define ICR_DELIVERY_STARTUP  0x00600
#define ICR_BUSY              0x01000
#define ICR_ASSERT            0x04000
#define ICR_SELF              0x40000
#define ICR_LEVEL             0x08000

#define CPUID1_ECX_X2APIC     (1u << 21)
#define CPUID1_ECX_DEADLINE   (1u << 24)
#define CPUID1_ECX_HYPERVISOR (1u << 31)
#define CPUID1_EDX_APIC       (1u << 9)

/* The highest id that 8 bits of a destination can name; 0xff is everybody. */
#define MAX_XAPIC_ID 0xfe

bool x2apic_enabled;
bool apic_timer_deadline;
unsigned long apic_timer_khz;

static volatile u8 *xapic_page;

u32 apic_read(unsigned int reg)
{
    if (x2apic_enabled)
        return rdmsr(MSR_X2APIC_BASE + (reg >> 4));
    return *(volatile u32 *)(xapic_page + reg);
}

void apic_write(unsigned int reg, u32 value)
{
    if (x2apic_enabled)
        wrmsr(MSR_X2APIC_BASE + (reg >> 4), value);
    else
        *(volatile u32 *)(xapic_page + reg) = value;
}

u32 apic_id(void)
{
    u32 id = apic_read(APIC_ID);

    return x2apic_enabled ? id : id >> 24;
}

void apic_eoi(void)
{
    apic_write(APIC_EOI, 0);
}

static bool vector_bit(unsigned int reg, unsigned int vector)
{
    return apic_read(reg + (vector / 32) * 0x10) & (1u << (vector % 32));
}

bool apic_vector_in_service(unsigned int vector)
{
    return vector_bit(APIC_ISR, vector);
}

/* Interrupts between processors. */

static void icr_wait(void)
{
    while (apic_read(APIC_ICR) & ICR_BUSY)
        cpu_relax();
}

static void icr_send(u32 id, u32 command)
{
    unsigned long flags;

    if (x2apic_enabled) {
        smp_mb(); /* an MSR write does not wait for earlier stores */
        wrmsr(MSR_X2APIC_BASE + (APIC_ICR >> 4), ((u64)id << 32) | command);
        return;
    }
    flags = local_irq_save();
    icr_wait();
    apic_write(APIC_ICR2, id << 24);
    apic_write(APIC_ICR, command);
    local_irq_restore(flags);
}

void apic_send_ipi(unsigned int cpu, unsigned int vector)
{
    icr_send(cpu_apicid[cpu], vector | ICR_ASSERT);
}

void apic_send_self(unsigned int vector)
{
    if (x2apic_enabled) {
        wrmsr(MSR_X2APIC_BASE + (APIC_ICR >> 4), vector | ICR_SELF);
        return;
    }
    icr_wait();
    apic_write(APIC_ICR, vector | ICR_ASSERT | ICR_SELF);
}

void apic_send_ipi_mask(const struct cpumask *mask, unsigned int vector)
{
    unsigned int cpu;

    for_each_cpu(cpu, mask)
        apic_send_ipi(cpu, vector);
}

void apic_send_nmi(unsigned int cpu)
{
    icr_send(cpu_apicid[cpu], ICR_DELIVERY_NMI | ICR_ASSERT);
}

void apic_send_init(u32 id)
{
    icr_send(id, ICR_DELIVERY_INIT | ICR_LEVEL | ICR_ASSERT);
    if (!x2apic_enabled)
        icr_wait();
}

void apic_send_startup(u32 id, unsigned int page)
{
    icr_send(id, ICR_DELIVERY_STARTUP | ICR_ASSERT | page);
    if (!x2apic_enabled)
        icr_wait();
}

/* The timer. */

void apic_timer_free_run(void)
{
    apic_write(APIC_LVTT, LVT_MASKED | TIMER_VECTOR);
    apic_write(APIC_TDCR, TDCR_DIVIDE_BY_1);
    apic_write(APIC_TMICT, ~0u);
}

u32 apic_timer_count(void)
{
    return apic_read(APIC_TMCCT);
}

void apic_timer_init(void)
{
    if (apic_timer_deadline) {
        apic_write(APIC_LVTT, LVT_TIMER_DEADLINE | TIMER_VECTOR);
        smp_mb(); /* the mode counts before the deadline is written */
        wrmsr(MSR_TSC_DEADLINE, 0);
        return;
    }
    apic_write(APIC_TDCR, TDCR_DIVIDE_BY_1);
    apic_write(APIC_LVTT, TIMER_VECTOR);
    apic_write(APIC_TMICT, 0);
}

void apic_timer_arm_ticks(u32 ticks)
{
    apic_write(APIC_TMICT, ticks);
}

void apic_timer_arm_deadline(u64 tsc)
{
    wrmsr(MSR_TSC_DEADLINE, tsc);
}

/* Switching on. */

static void error_interrupt(void)
{
    u32 error;

    apic_write(APIC_ESR, 0);
    error = apic_read(APIC_ESR);
    printk(XENLOG_WARNING "CPU%u: local APIC error %#x\n", smp_processor_id(),
           error);
}

static void spurious_interrupt(void)
{
}

static u32 lint_mode(unsigned int lint)
{
    return acpi.nmi_lints & (1u << lint) ? LVT_NMI : LVT_MASKED;
}

/* What an earlier user of the machine left in service holds back all vectors
 * of its priority and below. Each EOI ends the highest one. */
static void drain_in_service(void)
{
    for (unsigned int vector = 16; vector < 256; vector++)
        if (apic_vector_in_service(vector))
            apic_eoi();
}

static void apic_setup(void)
{
    apic_write(APIC_LVTT, LVT_MASKED | TIMER_VECTOR);
    apic_write(APIC_LVT0, lint_mode(0));
    apic_write(APIC_LVT1, lint_mode(1));
    apic_write(APIC_TPR, 0);
    apic_write(APIC_SVR, SVR_ENABLE | SPURIOUS_VECTOR);
    drain_in_service();
    apic_write(APIC_ESR, 0);
    apic_write(APIC_LVTERR, ERROR_VECTOR);
}

static bool need_x2apic(u32 cpuid1_ecx)
{
    for (unsigned int i = 0; i < acpi.nr_cpus; i++)
        if (acpi.cpu[i].apic_id > MAX_XAPIC_ID)
            return true;

    return cpuid1_ecx & CPUID1_ECX_HYPERVISOR;
}

static void enter_mode(void)
{
    u64 base = rdmsr(MSR_APIC_BASE);

    if (!(base & APIC_BASE_ENABLE))
        wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
    if (x2apic_enabled && !(base & APIC_BASE_X2APIC))
        wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
}

void apic_init_bsp(void)
{
    u32 eax, ebx, ecx, edx;
    u64 base;
    paddr_t address = APIC_DEFAULT_ADDRESS;

    cpuid(1, 0, &eax, &ebx, &ecx, &edx);
    if (!(edx & CPUID1_EDX_APIC))
        panic("This CPU has no local APIC: Xenia needs one");

    base = rdmsr(MSR_APIC_BASE);
    if (base & APIC_BASE_ENABLE)
        address = base & APIC_BASE_ADDRESS;
    apic_timer_deadline = ecx & CPUID1_ECX_DEADLINE;
    x2apic_enabled = (ecx & CPUID1_ECX_X2APIC) &&
                     ((base & APIC_BASE_X2APIC) || need_x2apic(ecx));
    if (!x2apic_enabled) {
        xapic_page = ioremap(address, PAGE_SIZE);
        if (xapic_page == NULL)
            panic("No memory to map the local APIC");
    }
    set_direct_vector(ERROR_VECTOR, error_interrupt);
    set_direct_vector(SPURIOUS_VECTOR, spurious_interrupt);
    enter_mode();
    apic_setup();
    cpu_apicid[0] = apic_id();
    printk(XENLOG_INFO "APIC: %s, boot CPU has id %#x, timer: %s\n",
           x2apic_enabled ? "x2APIC" : "xAPIC", cpu_apicid[0],
           apic_timer_deadline ? "TSC deadline" : "one-shot");
}

void apic_init_ap(void)
{
    enter_mode();
    apic_setup();
}

void apic_shutdown(void)
{
    apic_write(APIC_LVTT, LVT_MASKED);
    apic_write(APIC_LVT0, LVT_MASKED);
    apic_write(APIC_LVT1, LVT_MASKED);
    apic_write(APIC_LVTERR, LVT_MASKED);
    apic_write(APIC_SVR, SPURIOUS_VECTOR);
}
