/* SPDX-License-Identifier: MIT */
/* The whole start-up, in order. */
#include "xen/main.h"

#include "xen/boot_info.h"
#include "xen/bug.h"
#include "xen/console.h"
#include "xen/option.h"
#include "xen/printk.h"
#include "xen/shutdown.h"
#include "asm/cpufeature.h"

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

void start_xen(void)
{
    options_parse(boot_info.cmdline); /* before all that they are about */
    console_init_early();             /* messages are seen from here on */
    banner();
    cpu_features_init();   /* what the CPU can do... */
    cpu_features_enable(); /* ...in use */
    memory_init();         /* final page tables, all RAM in the allocator */
    boot_cpu_init();       /* descriptors: exceptions are reported */
    check_modules();
    machine_halt();
}
