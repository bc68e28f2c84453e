/* SPDX-License-Identifier: MIT */
/*
 * From vectors to handlers: the hypervisor's own, or events of the domains
 * that an interrupt belongs to.
 *
 * All of this runs with interrupts off. Domains are notified after the lock of
 * the interrupt was dropped, since that takes locks further out.
 */
#include "asm/irq.h"

#include "xen/bug.h"
#include "xen/cpumask.h"
#include "xen/debug_key.h"
#include "xen/domain.h"
#include "xen/errno.h"
#include "xen/evtchn.h"
#include "xen/percpu.h"
#include "xen/printk.h"
#include "asm/apic.h"
#include "asm/current.h"
#include "asm/io_apic.h"
#include "asm/nmi.h"
#include "asm/smp.h"

static struct irq_desc irq_descs[NR_IRQS];

/* Protects the vector tables of all CPUs and the choice of free irqs. */
static DEFINE_SPINLOCK(vector_lock, LOCK_VECTOR);
static DEFINE_PER_CPU(struct vector_table, vectors);

/* This CPU is notifying guests of an interrupt; see irq_guest_sync(). */
static DEFINE_PER_CPU(bool, notifying);

static void (*direct_handler[NR_VECTORS - FIRST_DIRECT_VECTOR])(void);

struct irq_desc *irq_to_desc(unsigned int irq)
{
    if (irq >= NR_IRQS)
        return NULL;
    return &irq_descs[array_index_nospec(irq, NR_IRQS)];
}

void irq_cpu_init(unsigned int cpu)
{
    vector_table_init(&per_cpu(vectors, cpu));
}

void irq_init(void)
{
    for (unsigned int irq = 0; irq < NR_IRQS; irq++) {
        spin_lock_init(&irq_descs[irq].lock, LOCK_IRQ_DESC);
        irq_descs[irq].irq = irq;
        irq_descs[irq].masked = true;
    }
    irq_cpu_init(0);
    nmi_init();
    debug_key_register('i', "interrupts: routes, users, counts", irq_dump);
}

void set_direct_vector(unsigned int vector, void (*handler)(void))
{
    BUG_ON(vector < FIRST_DIRECT_VECTOR || vector >= NR_VECTORS);
    direct_handler[vector - FIRST_DIRECT_VECTOR] = handler;
}

/* Vectors and routes. */

static void vector_release(unsigned int cpu, unsigned int vector)
{
    unsigned long flags;

    spin_lock_irqsave(&vector_lock, flags);
    vector_free(&per_cpu(vectors, cpu), vector);
    spin_unlock_irqrestore(&vector_lock, flags);
}

static unsigned int vector_take(unsigned int cpu, unsigned int irq)
{
    unsigned long flags;
    unsigned int vector;

    spin_lock_irqsave(&vector_lock, flags);
    vector = vector_alloc(&per_cpu(vectors, cpu), irq);
    spin_unlock_irqrestore(&vector_lock, flags);
    return vector;
}

/* The vector on the CPU before is kept after a move, for an interrupt that was
 * under way; by the time of the next move it has come. */
static void release_old_vector_locked(struct irq_desc *desc)
{
    if (desc->old_vector != 0)
        vector_release(desc->old_cpu, desc->old_vector);
    desc->old_vector = 0;
}

static int assign_vector_locked(struct irq_desc *desc, unsigned int cpu)
{
    unsigned int vector;

    ASSERT_LOCKED(&desc->lock);
    release_old_vector_locked(desc);
    vector = vector_take(cpu, desc->irq);
    if (vector == 0)
        return -ENOSPC;

    desc->old_vector = desc->vector;
    desc->old_cpu = desc->cpu;
    desc->moving = desc->vector != 0;
    desc->vector = vector;
    desc->cpu = cpu;
    desc->chip->route(desc);
    return 0;
}

static void free_vectors_locked(struct irq_desc *desc)
{
    release_old_vector_locked(desc);
    if (desc->vector != 0)
        vector_release(desc->cpu, desc->vector);
    desc->vector = 0;
    desc->moving = false;
}

static bool held_locked(const struct irq_desc *desc)
{
    for (unsigned int i = 0; i < desc->nr_guests; i++)
        if (desc->guest[i].held)
            return true;

    return false;
}

static void mask_locked(struct irq_desc *desc)
{
    desc->chip->mask(desc);
    desc->masked = true;
}

/* One that waits for its users stays masked in the chip, until its end. */
static void unmask_locked(struct irq_desc *desc)
{
    desc->masked = false;
    if (!held_locked(desc))
        desc->chip->unmask(desc);
}

void irq_set_cpu(unsigned int irq, unsigned int cpu)
{
    struct irq_desc *desc = irq_to_desc(irq);
    unsigned long flags;
    bool masked;

    spin_lock_irqsave(&desc->lock, flags);
    if (desc->chip != NULL && desc->vector != 0 && desc->cpu != cpu &&
        !desc->moving && cpumask_test(cpu, &cpu_online_map)) {
        masked = desc->masked;
        if (!masked)
            mask_locked(desc);
        if (desc->chip->in_transit == NULL || !desc->chip->in_transit(desc))
            (void)assign_vector_locked(desc, cpu);
        if (!masked)
            unmask_locked(desc);
    }
    spin_unlock_irqrestore(&desc->lock, flags);
}

int irq_request(unsigned int irq, void (*handler)(unsigned int irq, void *data),
                void *data)
{
    struct irq_desc *desc = irq_to_desc(irq);
    unsigned long flags;
    int rc = -EINVAL;

    if (desc == NULL)
        return -EINVAL;
    spin_lock_irqsave(&desc->lock, flags);
    if (desc->chip == NULL)
        goto out;
    rc = -EBUSY;
    if (desc->handler != NULL || desc->nr_guests != 0)
        goto out;
    rc = assign_vector_locked(desc, smp_processor_id());
    if (rc != 0)
        goto out;
    desc->handler = handler;
    desc->handler_data = data;
    desc->configured = true;
    unmask_locked(desc);
out:
    spin_unlock_irqrestore(&desc->lock, flags);
    return rc;
}

/* Messages. */

unsigned int irq_alloc_msi(const struct irq_chip *chip, void *data)
{
    unsigned int found = INVALID_IRQ;

    for (unsigned int irq = nr_gsis; irq < NR_IRQS && found == INVALID_IRQ;
         irq++) {
        struct irq_desc *desc = &irq_descs[irq];
        unsigned long flags;

        spin_lock_irqsave(&desc->lock, flags);
        if (desc->chip == NULL) {
            desc->chip = chip;
            desc->chip_data = data;
            desc->configured = true;
            desc->masked = true;
            desc->count = 0;
            found = irq;
        }
        spin_unlock_irqrestore(&desc->lock, flags);
    }
    return found;
}

void irq_free_msi(unsigned int irq)
{
    struct irq_desc *desc = irq_to_desc(irq);
    unsigned long flags;

    spin_lock_irqsave(&desc->lock, flags);
    ASSERT(desc->nr_guests == 0);
    free_vectors_locked(desc);
    desc->chip = NULL;
    desc->chip_data = NULL;
    spin_unlock_irqrestore(&desc->lock, flags);
}

/* Guests. */

static int guest_bind_locked(struct irq_desc *desc, struct domain *d,
                             unsigned int pirq, bool will_share,
                             unsigned int cpu)
{
    int rc;

    if (desc->chip == NULL)
        return -EINVAL;
    if (desc->handler != NULL || desc->nr_guests == IRQ_MAX_GUESTS ||
        (desc->nr_guests != 0 && !(desc->shared && will_share)))
        return -EBUSY;
    if (desc->vector == 0) {
        rc = assign_vector_locked(desc, cpu);
        if (rc != 0)
            return rc;
    }
    desc->guest[desc->nr_guests] = (struct irq_guest){.d = d, .pirq = pirq};
    desc->nr_guests++;
    desc->shared = will_share;
    if (desc->nr_guests == 1)
        unmask_locked(desc);
    return 0;
}

int irq_guest_bind(unsigned int irq, struct domain *d, unsigned int pirq,
                   bool will_share, unsigned int cpu)
{
    struct irq_desc *desc = irq_to_desc(irq);
    unsigned long flags;
    int rc;

    if (desc == NULL)
        return -EINVAL;
    spin_lock_irqsave(&desc->lock, flags);
    rc = guest_bind_locked(desc, d, pirq, will_share, cpu);
    spin_unlock_irqrestore(&desc->lock, flags);
    return rc;
}

static struct irq_guest *find_guest_locked(struct irq_desc *desc,
                                           const struct domain *d,
                                           unsigned int pirq)
{
    for (unsigned int i = 0; i < desc->nr_guests; i++)
        if (desc->guest[i].d == d && desc->guest[i].pirq == pirq)
            return &desc->guest[i];

    return NULL;
}

/* One user is done; once all are, the interrupt may come again. */
static void guest_done_locked(struct irq_desc *desc, struct irq_guest *g)
{
    if (!g->held)
        return;
    g->held = false;
    if (!held_locked(desc) && desc->chip->end != NULL)
        desc->chip->end(desc);
}

void irq_guest_eoi(unsigned int irq, struct domain *d, unsigned int pirq)
{
    struct irq_desc *desc = irq_to_desc(irq);
    unsigned long flags;
    struct irq_guest *g;

    spin_lock_irqsave(&desc->lock, flags);
    g = find_guest_locked(desc, d, pirq);
    if (g != NULL)
        guest_done_locked(desc, g);
    spin_unlock_irqrestore(&desc->lock, flags);
}

void irq_guest_unbind(unsigned int irq, struct domain *d, unsigned int pirq)
{
    struct irq_desc *desc = irq_to_desc(irq);
    unsigned long flags;
    struct irq_guest *g;

    spin_lock_irqsave(&desc->lock, flags);
    g = find_guest_locked(desc, d, pirq);
    if (g != NULL) {
        if (desc->nr_guests == 1)
            mask_locked(desc);
        guest_done_locked(desc, g);
        *g = desc->guest[--desc->nr_guests];
    }
    spin_unlock_irqrestore(&desc->lock, flags);
}

void irq_guest_sync(void)
{
    unsigned int cpu;

    for_each_cpu(cpu, &cpu_online_map)
        while (READ_ONCE(per_cpu(notifying, cpu)))
            cpu_relax();
}

/* Interrupts. */

/* Notes down who is to be told, and that a level interrupt waits for them. */
static unsigned int collect_guests_locked(struct irq_desc *desc,
                                          struct irq_guest *out)
{
    for (unsigned int i = 0; i < desc->nr_guests; i++) {
        desc->guest[i].held = desc->level;
        out[i] = desc->guest[i];
    }
    return desc->nr_guests;
}

static void handle_guest_irq(struct irq_desc *desc)
{
    struct irq_guest guest[IRQ_MAX_GUESTS];
    unsigned int nr = collect_guests_locked(desc, guest);

    this_cpu(notifying) = true;
    spin_unlock(&desc->lock);
    for (unsigned int i = 0; i < nr; i++)
        send_guest_pirq(guest[i].d, guest[i].pirq);
    smp_wmb(); /* pairs with irq_guest_sync() */
    WRITE_ONCE(this_cpu(notifying), false);
}

static void handle_own_irq(struct irq_desc *desc)
{
    spin_unlock(&desc->lock);
    desc->handler(desc->irq, desc->handler_data);
    spin_lock(&desc->lock);
    if (desc->chip->end != NULL)
        desc->chip->end(desc);
    spin_unlock(&desc->lock);
}

static void unexpected_vector(unsigned int vector)
{
    if (apic_vector_in_service(vector))
        apic_eoi();
    printk(XENLOG_G_WARNING "CPU%u: unexpected interrupt, vector %#x\n",
           smp_processor_id(), vector);
}

static void handle_irq(unsigned int vector)
{
    unsigned int irq = READ_ONCE(this_cpu(vectors).irq[vector]);
    struct irq_desc *desc;

    if (irq == VECTOR_FREE) {
        unexpected_vector(vector);
        return;
    }
    desc = &irq_descs[irq];
    spin_lock(&desc->lock);
    if (desc->chip == NULL) {
        spin_unlock(&desc->lock);
        unexpected_vector(vector);
        return;
    }
    desc->count++;
    if (vector == desc->vector && smp_processor_id() == desc->cpu)
        desc->moving = false;
    desc->chip->ack(desc);
    if (desc->handler != NULL)
        handle_own_irq(desc);
    else
        handle_guest_irq(desc);
}

void do_irq(struct cpu_regs *regs)
{
    unsigned int vector = regs->entry_vector & (NR_VECTORS - 1);
    void (*handler)(void);

    if (vector < FIRST_DIRECT_VECTOR) {
        handle_irq(vector);
        return;
    }
    handler = direct_handler[vector - FIRST_DIRECT_VECTOR];
    if (handler == NULL) {
        unexpected_vector(vector);
        return;
    }
    if (vector != SPURIOUS_VECTOR)
        apic_eoi();
    handler();
}

/* Debugging. */

static void irq_dump_one(struct irq_desc *desc)
{
    unsigned long flags;

    spin_lock_irqsave(&desc->lock, flags);
    if (desc->chip != NULL && (desc->vector != 0 || desc->count != 0)) {
        printk("irq %3u %-8s cpu %u vec %#04x %s%s count %lu%s", desc->irq,
               desc->chip->name, desc->cpu, desc->vector,
               desc->level ? "level" : "edge", desc->masked ? " masked" : "",
               desc->count, desc->handler != NULL ? " hypervisor" : "");
        for (unsigned int i = 0; i < desc->nr_guests; i++)
            printk(" d%d:%u%s", desc->guest[i].d->domain_id,
                   desc->guest[i].pirq, desc->guest[i].held ? "(held)" : "");
        printk("\n");
    }
    spin_unlock_irqrestore(&desc->lock, flags);
}

void irq_dump(void)
{
    for (unsigned int irq = 0; irq < NR_IRQS; irq++)
        irq_dump_one(&irq_descs[irq]);
}
