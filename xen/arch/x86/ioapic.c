/* SPDX-License-Identifier: MIT */
/*
 * IO-APICs: one redirection entry for each interrupt line.
 *
 * A level interrupt is masked when it comes and unmasked when all its users
 * are done: until then its local APIC is free for others. An edge is just
 * acknowledged.
 *
 * Source: Intel 82093AA data sheet; ACPI 6.4, 5.2.13 (GSIs).
 */
#include "asm/io_apic.h"

#include "xen/atomic.h"
#include "xen/bug.h"
#include "xen/errno.h"
#include "xen/printk.h"
#include "xen/vmap.h"
#include "asm/acpi.h"
#include "asm/apic.h"
#include "asm/irq.h"
#include "asm/page.h"
#include "asm/processor.h"
#include "asm/smp.h"

#define IOREGSEL        0x00
#define IOWIN           0x10
#define REG_ID          0
#define REG_VERSION     1
#define REG_ARBITRATION 2
#define REG_RTE         0x10

#define RTE_ACTIVE_LOW  0x02000
#define RTE_REMOTE_IRR  0x04000
#define RTE_LEVEL       0x08000
#define RTE_MASKED      0x10000
#define RTE_DEST_SHIFT  24 /* in the upper half */

#define PIC_MASTER_DATA 0x21
#define PIC_SLAVE_DATA  0xa1
#define PIC_ALL_MASKED  0xff

#define MAX_GSIS        240
#define NR_ISA_IRQS     16

struct io_apic {
    volatile u8 *regs;
    paddr_t address;
    unsigned int gsi_base;
    unsigned int nr_pins;
};

unsigned int nr_gsis;

/* Set while starting, then constant. */
static struct io_apic io_apics[ACPI_MAX_IOAPICS];
static unsigned int nr_io_apics;

/* Select and window are two accesses. */
static DEFINE_SPINLOCK(ioapic_lock, LOCK_IOAPIC);

static u32 reg_read(const struct io_apic *io, unsigned int reg)
{
    *(volatile u32 *)(io->regs + IOREGSEL) = reg;
    return *(volatile u32 *)(io->regs + IOWIN);
}

static void reg_write(const struct io_apic *io, unsigned int reg, u32 value)
{
    *(volatile u32 *)(io->regs + IOREGSEL) = reg;
    *(volatile u32 *)(io->regs + IOWIN) = value;
}

static const struct io_apic *gsi_to_io_apic(unsigned int gsi)
{
    for (unsigned int i = 0; i < nr_io_apics; i++)
        if (gsi >= io_apics[i].gsi_base &&
            gsi - io_apics[i].gsi_base < io_apics[i].nr_pins)
            return &io_apics[i];

    return NULL;
}

static unsigned int rte_reg(const struct io_apic *io, unsigned int gsi)
{
    return REG_RTE + 2 * (gsi - io->gsi_base);
}

static u32 rte_low(const struct irq_desc *desc)
{
    return desc->vector | (desc->active_low ? RTE_ACTIVE_LOW : 0) |
           (desc->level ? RTE_LEVEL : 0) | (desc->masked ? RTE_MASKED : 0);
}

/* Only the half with the mask. */
static void pin_write_low(struct irq_desc *desc, u32 low)
{
    const struct io_apic *io = gsi_to_io_apic(desc->irq);
    unsigned long flags;

    spin_lock_irqsave(&ioapic_lock, flags);
    reg_write(io, rte_reg(io, desc->irq), low);
    spin_unlock_irqrestore(&ioapic_lock, flags);
}

static void pin_mask(struct irq_desc *desc)
{
    pin_write_low(desc, rte_low(desc) | RTE_MASKED);
}

static void pin_unmask(struct irq_desc *desc)
{
    pin_write_low(desc, rte_low(desc) & ~RTE_MASKED);
}

static void pin_ack(struct irq_desc *desc)
{
    if (desc->level)
        pin_mask(desc);
    apic_eoi();
}

static void pin_end(struct irq_desc *desc)
{
    if (desc->level && !desc->masked)
        pin_unmask(desc);
}

static void pin_route(struct irq_desc *desc)
{
    const struct io_apic *io = gsi_to_io_apic(desc->irq);
    unsigned int reg = rte_reg(io, desc->irq);
    unsigned long flags;

    spin_lock_irqsave(&ioapic_lock, flags);
    reg_write(io, reg, rte_low(desc) | RTE_MASKED);
    reg_write(io, reg + 1, cpu_apicid[desc->cpu] << RTE_DEST_SHIFT);
    spin_unlock_irqrestore(&ioapic_lock, flags);
}

/* The EOI of a level interrupt finds its pin by the vector: that must not
 * change in between. */
static bool pin_in_transit(struct irq_desc *desc)
{
    const struct io_apic *io = gsi_to_io_apic(desc->irq);
    unsigned long flags;
    u32 low;

    if (!desc->level)
        return false;
    spin_lock_irqsave(&ioapic_lock, flags);
    low = reg_read(io, rte_reg(io, desc->irq));
    spin_unlock_irqrestore(&ioapic_lock, flags);
    return low & RTE_REMOTE_IRR;
}

static const struct irq_chip ioapic_chip = {
    .name = "IO-APIC",
    .mask = pin_mask,
    .unmask = pin_unmask,
    .ack = pin_ack,
    .end = pin_end,
    .route = pin_route,
    .in_transit = pin_in_transit,
};

static const struct acpi_override *find_override(unsigned int isa_irq)
{
    for (unsigned int i = 0; i < acpi.nr_overrides; i++)
        if (acpi.override[i].isa_irq == isa_irq)
            return &acpi.override[i];

    return NULL;
}

unsigned int isa_irq_to_gsi(unsigned int isa_irq)
{
    const struct acpi_override *o = find_override(isa_irq);

    return o != NULL ? o->gsi : isa_irq;
}

int ioapic_setup_gsi(unsigned int gsi, bool level, bool active_low)
{
    struct irq_desc *desc = irq_to_desc(gsi);
    unsigned long flags;
    int rc = 0;

    if (gsi >= nr_gsis || gsi_to_io_apic(gsi) == NULL)
        return -EINVAL;
    spin_lock_irqsave(&desc->lock, flags);
    if (desc->configured && (desc->handler != NULL || desc->nr_guests != 0)) {
        rc = -EEXIST;
    } else {
        desc->level = level;
        desc->active_low = active_low;
        desc->configured = true;
        if (desc->vector != 0)
            pin_write_low(desc, rte_low(desc));
    }
    spin_unlock_irqrestore(&desc->lock, flags);
    return rc;
}

int ioapic_guest_read(paddr_t base, u32 reg, u32 *value_out)
{
    const struct io_apic *io = NULL;
    unsigned long flags;

    for (unsigned int i = 0; i < nr_io_apics; i++)
        if (io_apics[i].address == base)
            io = &io_apics[i];
    if (io == NULL)
        return -EINVAL;
    if (reg > REG_ARBITRATION)
        return -EINVAL;

    spin_lock_irqsave(&ioapic_lock, flags);
    *value_out = reg_read(io, reg);
    spin_unlock_irqrestore(&ioapic_lock, flags);
    return 0;
}

bool ioapic_frame(unsigned long mfn)
{
    for (unsigned int i = 0; i < nr_io_apics; i++)
        if (PFN_DOWN(io_apics[i].address) == mfn)
            return true;

    return false;
}

void ioapic_shutdown(void)
{
    for (unsigned int i = 0; i < nr_io_apics; i++)
        for (unsigned int pin = 0; pin < io_apics[i].nr_pins; pin++)
            reg_write(&io_apics[i], REG_RTE + 2 * pin, RTE_MASKED);
}

/* Lines as the buses define them: ISA is edge, active high; PCI is level,
 * active low. */
static void line_init(unsigned int gsi)
{
    struct irq_desc *desc = irq_to_desc(gsi);

    desc->chip = &ioapic_chip;
    desc->level = gsi >= NR_ISA_IRQS;
    desc->active_low = gsi >= NR_ISA_IRQS;
}

static void lines_apply_overrides(void)
{
    for (unsigned int i = 0; i < acpi.nr_overrides; i++) {
        const struct acpi_override *o = &acpi.override[i];
        struct irq_desc *desc = irq_to_desc(o->gsi);

        if (o->gsi >= nr_gsis)
            continue;
        desc->level = o->level;
        desc->active_low = o->active_low;
    }
}

static void io_apic_add(const struct acpi_ioapic *a)
{
    struct io_apic *io = &io_apics[nr_io_apics];

    io->regs = ioremap(a->address, PAGE_SIZE);
    if (io->regs == NULL)
        panic("No memory to map an IO-APIC");
    io->address = a->address;
    io->gsi_base = a->gsi_base;
    io->nr_pins = ((reg_read(io, REG_VERSION) >> 16) & 0xff) + 1;
    if (a->gsi_base >= MAX_GSIS || io->nr_pins > MAX_GSIS - a->gsi_base) {
        printk(XENLOG_WARNING "IO-APIC %u: GSIs %u..%u not supported\n", a->id,
               a->gsi_base, a->gsi_base + io->nr_pins - 1);
        return;
    }
    nr_io_apics++;
    nr_gsis = max(nr_gsis, io->gsi_base + io->nr_pins);
    for (unsigned int pin = 0; pin < io->nr_pins; pin++)
        line_init(io->gsi_base + pin);
    printk(XENLOG_INFO "IO-APIC %u: at %#lx, GSIs %u..%u\n", a->id,
           (unsigned long)a->address, io->gsi_base,
           io->gsi_base + io->nr_pins - 1);
}

void ioapic_init(void)
{
    outb(PIC_ALL_MASKED, PIC_MASTER_DATA);
    outb(PIC_ALL_MASKED, PIC_SLAVE_DATA);

    for (unsigned int i = 0; i < acpi.nr_ioapics; i++)
        io_apic_add(&acpi.ioapic[i]);
    if (nr_io_apics == 0)
        printk(XENLOG_WARNING "No IO-APIC: only messages can interrupt\n");
    ioapic_shutdown();
    lines_apply_overrides();
}
