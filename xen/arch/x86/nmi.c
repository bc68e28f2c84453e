/* SPDX-License-Identifier: MIT */
/*
 * Non-maskable interrupts: another CPU stops this one, or the hardware reports
 * an error, of which dom0 is told unless the option nmi= says otherwise.
 *
 * An NMI comes in the middle of anything, so nothing that has a lock may be
 * called: what dom0 needs is done by an ordinary interrupt that follows.
 */
#include "asm/nmi.h"

#include "public/nmi.h"
#include "xen/atomic.h"
#include "xen/bug.h"
#include "xen/domain.h"
#include "xen/errno.h"
#include "xen/option.h"
#include "xen/sched.h"
#include "xen/softirq.h"
#include "xen/string.h"
#include "asm/apic.h"
#include "asm/irq.h"
#include "asm/processor.h"
#include "asm/smp_internal.h"
#include "asm/traps.h"

/* Port 0x61 (Intel 82371 data sheet): what happened, and bits to clear it. */
#define NMI_STATUS_PORT  0x61
#define NMI_SERR         0x80
#define NMI_IO_CHECK     0x40
#define NMI_CLEAR_IO     0x08
#define NMI_CLEAR_SERR   0x04
#define NMI_CONTROL_BITS 0x0f

static enum { NMI_TO_DOM0, NMI_FATAL, NMI_IGNORE } policy = NMI_TO_DOM0;

static int parse_nmi(const char *value)
{
    static const char *const words[] = {
        [NMI_TO_DOM0] = "dom0", [NMI_FATAL] = "fatal", [NMI_IGNORE] = "ignore"};

    for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(value, words[i]) == 0) {
            policy = i;
            return 0;
        }
    return -EINVAL;
}
OPTION_CUSTOM("nmi", parse_nmi,
              "dom0, fatal or ignore: what follows a hardware error's NMI");

/* XEN_NMIREASON_* that dom0 has not been told of yet; atomic. */
static unsigned long reasons;

static void forward_interrupt(void)
{
    unsigned long new_reasons = xchg(&reasons, 0UL);
    struct vcpu *v = hardware_domain ? domain_vcpu(hardware_domain, 0) : NULL;

    if (v == NULL || new_reasons == 0)
        return;
    __atomic_fetch_or(&hardware_domain->shared_info->arch.nmi_reason,
                      new_reasons, __ATOMIC_SEQ_CST);
    vcpu_send_nmi(v);
}

static void clear_cause(u8 status)
{
    u8 control = status & NMI_CONTROL_BITS & ~(NMI_CLEAR_IO | NMI_CLEAR_SERR);
    u8 clear = (status & NMI_SERR ? NMI_CLEAR_SERR : 0) |
               (status & NMI_IO_CHECK ? NMI_CLEAR_IO : 0);

    if (clear == 0)
        return;
    outb(control | clear, NMI_STATUS_PORT);
    outb(control, NMI_STATUS_PORT);
}

static unsigned long reason_of(u8 status)
{
    if (status & NMI_SERR)
        return XEN_NMIREASON_pci_serr;
    if (status & NMI_IO_CHECK)
        return XEN_NMIREASON_io_error;
    return XEN_NMIREASON_unknown;
}

void nmi_report(u8 status)
{
    smp_stop_if_asked();

    clear_cause(status);
    if (policy == NMI_FATAL)
        panic("NMI: the hardware reports %s",
              status & NMI_SERR       ? "a PCI system error"
              : status & NMI_IO_CHECK ? "a memory or I/O error"
                                      : "an error of unknown kind");
    if (policy == NMI_IGNORE)
        return;
    __atomic_fetch_or(&reasons, reason_of(status), __ATOMIC_SEQ_CST);
    apic_send_self(NMI_FORWARD_VECTOR);
}

/* The way back to the guest, which comes next, looks for the NMI. */
static void guest_nmi_softirq(void)
{
}

void nmi_init(void)
{
    softirq_open(GUEST_NMI_SOFTIRQ, guest_nmi_softirq);
    set_direct_vector(NMI_FORWARD_VECTOR, forward_interrupt);
}
