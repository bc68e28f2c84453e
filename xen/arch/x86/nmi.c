/* SPDX-License-Identifier: MIT */
/* Non-maskable interrupts: from other CPUs that stop the machine, and from
 * hardware in trouble, by the bits of port 0x61. */
#include "asm/traps.h"

#include "public/nmi.h"
#include "xen/bug.h"
#include "xen/errno.h"
#include "xen/option.h"
#include "xen/printk.h"
#include "xen/string.h"
#include "xen/vcpu.h"
#include "asm/processor.h"
#include "asm/smp_internal.h"

#define NMI_PORT      0x61
#define NMI_SERR      0x80 /* system error: memory parity, PCI SERR# */
#define NMI_IOCHECK   0x40
#define CLEAR_SERR    0x04
#define CLEAR_IOCHECK 0x08

static enum { NMI_IGNORE, NMI_DOM0, NMI_FATAL } policy = NMI_DOM0;

static int policy_set(const char *value)
{
    if (strcmp(value, "ignore") == 0)
        policy = NMI_IGNORE;
    else if (strcmp(value, "dom0") == 0)
        policy = NMI_DOM0;
    else if (strcmp(value, "fatal") == 0)
        policy = NMI_FATAL;
    else
        return -EINVAL;
    return 0;
}
OPTION_CUSTOM("nmi", policy_set,
              "an NMI from hardware is: ignore, dom0 (told to it) or fatal");

/* Printing here is safe: the console lock knows its holder. */
static void report(const char *what, unsigned long reason_bit)
{
    struct vcpu *v;

    if (policy == NMI_FATAL)
        panic("NMI: %s", what);
    if (policy == NMI_IGNORE || !hardware_domain)
        return;

    v = domain_vcpu(hardware_domain, 0);
    if (!v)
        return;
    __atomic_fetch_or(&hardware_domain->shared_info->arch.nmi_reason,
                      reason_bit, __ATOMIC_SEQ_CST);
    v->arch.nmi_pending = true;
    vcpu_kick(v);
}

/* Acknowledge by switching the source off and on. */
static void clear_source(u8 bit)
{
    u8 value = inb(NMI_PORT) & 0x0f;

    outb(value | bit, NMI_PORT);
    outb(value & ~bit, NMI_PORT);
}

void nmi_report(u8 reason)
{
    smp_stop_if_asked();

    if (reason & NMI_SERR) {
        report("system error (memory or PCI)", XEN_NMIREASON_pci_serr);
        clear_source(CLEAR_SERR);
    }
    if (reason & NMI_IOCHECK) {
        report("I/O check", XEN_NMIREASON_io_error);
        clear_source(CLEAR_IOCHECK);
    }
}
