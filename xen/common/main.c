/* SPDX-License-Identifier: MIT */
/* The whole start-up, in order. */
#include "xen/main.h"

#include "xen/boot_info.h"
#include "xen/audit.h"
#include "xen/bug.h"
#include "xen/console.h"
#include "xen/debug_key.h"
#include "xen/domain.h"
#include "xen/evtchn.h"
#include "xen/gnttab.h"
#include "xen/hypercall.h"
#include "xen/option.h"
#include "xen/page_alloc.h"
#include "xen/printk.h"
#include "xen/sched.h"
#include "xen/timer.h"
#include "xen/vcpu.h"
#include "asm/acpi.h"
#include "asm/apic.h"
#include "asm/cpufeature.h"
#include "asm/cpuid.h"
#include "asm/dom0.h"
#include "asm/io_apic.h"
#include "asm/irq.h"
#include "asm/mm.h"
#include "asm/smp.h"
#include "asm/spec_ctrl.h"
#include "asm/switch.h"
#include "asm/time.h"
#include "asm/xstate.h"

static void banner(void)
{
    printk("Xenia " XENIA_VERSION ", loaded by %s\n",
           boot_info.loader_name[0] ? boot_info.loader_name : "unknown");
    printk("Command line: %s\n", boot_info.cmdline);
}

static void check_modules(void)
{
    if (boot_info.nr_modules == 0)
        panic("No control domain: load its kernel as the first module and its "
              "RAM disk as the second");
}

/* Limits of dom0 that no option changes. */
#define DOM0_MAX_EVTCHN_PORT     131071
#define DOM0_MAX_GRANT_FRAMES    64
#define DOM0_MAX_MAPTRACK_FRAMES 1024

static void start_dom0(void)
{
    const struct domain_config cfg = {
        .max_vcpus = dom0_max_vcpus(),
        .max_evtchn_port = DOM0_MAX_EVTCHN_PORT,
        .max_grant_frames = DOM0_MAX_GRANT_FRAMES,
        .max_maptrack_frames = DOM0_MAX_MAPTRACK_FRAMES,
        .max_grant_version = 2,
        .is_control = true,
        .is_hardware = true,
    };
    const struct boot_module *initrd =
        boot_info.nr_modules > 1 ? &boot_info.module[1] : NULL;
    struct domain *d;
    int rc = domain_create(0, &cfg, &d);

    if (rc)
        panic("dom0 cannot be created (error %d): give the machine more RAM",
              rc);
    construct_dom0(d, &boot_info.module[0], initrd);
    printk("Starting dom0; Ctrl-a three times switches console input\n");
    console_release_screen();
    d->controller_pause = false;
    d->nr_controller_pauses = 0;
    domain_unpause(d);
}

void start_xen(void)
{
    options_parse(boot_info.cmdline); /* before all that they are about */
    console_init_early();             /* messages are seen from here on */
    banner();
    cpu_features_init();   /* what the CPU can do... */
    spec_ctrl_plan();      /* ...and what it leaks */
    cpu_features_enable(); /* the former in use */
    memory_init();         /* final page tables, all RAM in the allocator */
    boot_cpu_init();       /* descriptors: exceptions are reported */
    check_modules();

    xstate_init(true);   /* FPU and vector state */
    switch_cpu_init();   /* what differs between vcpus in CR4 */
    spec_ctrl_init();    /* what must not leak from one to the next */
    cpuid_policy_init(); /* what guests will see of the CPU */

    acpi_init(boot_info.rsdp_len ? boot_info.rsdp : NULL, boot_info.rsdp_len);
    irq_init();      /* vectors */
    apic_init_bsp(); /* this CPU's interrupts... */
    ioapic_init();   /* ...and the machine's */
    timer_cpu_init(0);
    time_init(); /* clocks; timers work */

    domains_init();    /* owners that are no domains, the idle domain */
    m2p_share();       /* control domains may map it */
    sched_cpu_init(0); /* run queues, idle vcpus */
    current = idle_domain->vcpu[0];
    spin_irq_checks_start(); /* locks may be asked for by interrupts now */
    local_irq_enable();
    smp_start_cpus();     /* all CPUs idle */
    console_init_input(); /* keyboard, debug keys */
    arch_debug_keys_init();
    page_debug_init();
    hypercall_init();
    evtchn_init();
    gnttab_init();
    audit_init();

    start_dom0();
    idle_loop(); /* looks for work: dom0 */
}
