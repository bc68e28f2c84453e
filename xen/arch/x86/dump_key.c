/* SPDX-License-Identifier: MIT */
/* Debug key 'd': the registers of all CPUs and vcpus. */
#include "asm/traps.h"

#include "xen/debug_key.h"
#include "xen/printk.h"
#include "xen/sched.h"
#include "xen/vcpu.h"
#include "asm/pv.h"
#include "asm/smp.h"

/* On each CPU: the guest that it interrupted, or what it does instead. */
static void dump_this_cpu(void *unused)
{
    (void)unused;
    if (is_idle_vcpu(current))
        printk("CPU %u, idle\n", smp_processor_id());
    else
        show_registers(guest_regs());
}

/* A vcpu that is on no CPU. Nothing keeps it there: one that runs again
 * meanwhile shows what it had. */
static void dump_waiting(struct vcpu *v)
{
    if (READ_ONCE(v->is_running) || !v->is_initialised)
        return;
    sync_vcpu_state(v);
    printk("d%dv%u, not running, %s mode\n", v->domain->domain_id, v->vcpu_id,
           guest_kernel_mode(v) ? "kernel" : "user");
    show_gprs(&v->arch.regs);
}

static void dump_registers(void)
{
    struct cpumask mask;
    struct domain *d;
    struct vcpu *v;
    unsigned int cpu, next = 0;

    for_each_cpu(cpu, &cpu_online_map) {
        cpumask_of(&mask, cpu);
        on_cpus(&mask, dump_this_cpu, NULL);
    }
    while (next < DOMID_FIRST_RESERVED && (d = domain_get_next(next)) != NULL) {
        next = d->domain_id + 1u;
        for_each_vcpu(d, v)
            dump_waiting(v);
        domain_put(d);
    }
}

void arch_debug_keys_init(void)
{
    debug_key_register('d', "registers of all CPUs and vcpus", dump_registers);
}
