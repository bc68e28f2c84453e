/* SPDX-License-Identifier: MIT */
/*
 * Starts the other CPUs, one after the other: the boot CPU prepares all that a
 * CPU needs, sends INIT and start-up, and passes its time on.
 *
 * Source: SDM 3A 8.4.4.
 */
#include "asm/smp.h"

#include "xen/atomic.h"
#include "xen/bug.h"
#include "xen/domain.h"
#include "xen/option.h"
#include "xen/printk.h"
#include "xen/sched.h"
#include "xen/time.h"
#include "xen/timer.h"
#include "asm/acpi.h"
#include "asm/apic.h"
#include "asm/cpufeature.h"
#include "asm/current.h"
#include "asm/descriptors.h"
#include "asm/irq.h"
#include "asm/irqflags.h"
#include "asm/page.h"
#include "asm/smp_internal.h"
#include "asm/switch.h"
#include "asm/time.h"
#include "asm/trampoline.h"
#include "asm/xstate.h"

#define INIT_WAIT_USEC    10000
#define STARTUP_WAIT_USEC 300
/* An emulated machine on a busy host may need this long. */
#define START_TIMEOUT SECONDS(5)
/* What a destination of 8 bits can name. */
#define MAX_XAPIC_ID 0xfe

static unsigned int opt_maxcpus = NR_CPUS;
OPTION_UINT("maxcpus", opt_maxcpus, "use no more than this many CPUs");

/* The CPU that starts has come as far as C. */
static unsigned int called_in;

void start_secondary(void)
{
    unsigned int cpu = smp_processor_id();

    load_descriptors(cpu);
    cpu_features_enable();
    cpu_smap_enable();
    xstate_init(false);
    switch_cpu_init();
    current = idle_domain->vcpu[cpu];

    apic_init_ap();
    WRITE_ONCE(called_in, cpu);
    time_init_ap();
    apic_timer_init();
    cpumask_set(cpu, &cpu_online_map);
    local_irq_enable();
    idle_loop();
}

static bool wait_for_call_in(unsigned int cpu)
{
    s_time_t end = NOW() + START_TIMEOUT;

    while (READ_ONCE(called_in) != cpu) {
        if (NOW() > end)
            return false;
        cpu_relax();
    }
    return true;
}

static void kick_cpu(u32 id)
{
    apic_send_init(id);
    udelay(INIT_WAIT_USEC);
    for (unsigned int i = 0; i < 2; i++) {
        apic_send_startup(id, TRAMPOLINE_PHYS >> PAGE_SHIFT);
        udelay(STARTUP_WAIT_USEC);
    }
}

/* Returns whether it runs. */
static bool start_cpu(unsigned int cpu, volatile struct trampoline_data *data)
{
    void *stack_top = cpu_prepare(cpu);

    if (stack_top == NULL) {
        printk(XENLOG_ERR "CPU%u: no memory to start it\n", cpu);
        return false;
    }
    irq_cpu_init(cpu);
    timer_cpu_init(cpu);
    sched_cpu_init(cpu);

    data->stack = (u64)stack_top;
    smp_mb();
    kick_cpu(cpu_apicid[cpu]);
    if (!wait_for_call_in(cpu)) {
        apic_send_init(cpu_apicid[cpu]); /* it shall not come later */
        printk(XENLOG_ERR "CPU%u (APIC id %#x) does not start\n", cpu,
               cpu_apicid[cpu]);
        return false;
    }
    time_sync_cpu(cpu);
    while (!cpumask_test(cpu, &cpu_online_map))
        cpu_relax();
    return true;
}

static bool id_usable(u32 id)
{
    if (id == cpu_apicid[0])
        return false;
    if (id <= MAX_XAPIC_ID || x2apic_enabled)
        return true;
    printk(XENLOG_WARNING "CPU with APIC id %#x left out: no x2APIC\n", id);
    return false;
}

static void note_boot_cpu(void)
{
    cpumask_set(0, &cpu_online_map);
    for (unsigned int i = 0; i < acpi.nr_cpus; i++)
        if (acpi.cpu[i].apic_id == cpu_apicid[0])
            cpu_acpi_id[0] = acpi.cpu[i].acpi_id;
}

void smp_start_cpus(void)
{
    unsigned int limit = max(min(opt_maxcpus, (unsigned int)NR_CPUS), 1u);
    struct trampoline_data *data = trampoline_install();

    note_boot_cpu();
    smp_init_vectors();
    for (unsigned int i = 0; i < acpi.nr_cpus && nr_cpus < limit; i++) {
        if (!id_usable(acpi.cpu[i].apic_id))
            continue;
        cpu_apicid[nr_cpus] = acpi.cpu[i].apic_id;
        cpu_acpi_id[nr_cpus] = acpi.cpu[i].acpi_id;
        if (start_cpu(nr_cpus, data))
            nr_cpus++;
    }
    time_cpus_started();
    printk(XENLOG_INFO "%u CPUs of %u started\n", nr_cpus,
           max(acpi.nr_cpus, 1u));
}
