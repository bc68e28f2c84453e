/* SPDX-License-Identifier: MIT */
/*
 * Vectors and interrupts of the machine.
 *
 * An irq is a line of an IO-APIC (its GSI is its number) or a message of a PCI
 * device (numbers from nr_gsis on). It is delivered to one CPU, by a vector
 * that belongs to that CPU alone. Its user is either the hypervisor or up to
 * IRQ_MAX_GUESTS domains that share the line.
 *
 *  vector 00..1f  exceptions
 *         20..ef  irqs, per CPU; without 0x80, the guests' int 80
 *         f0..ff  the hypervisor's own: timer, other CPUs, errors
 */
#ifndef ASM_IRQ_H
#define ASM_IRQ_H

#include "xen/spinlock.h"
#include "xen/types.h"
#include "asm/regs.h"
#include "asm/vector.h"

/* The hypervisor's own vectors. */
#define NMI_FORWARD_VECTOR   0xf7
#define STOP_VECTOR          0xf8
#define ERROR_VECTOR         0xf9
#define TIMER_VECTOR         0xfa
#define EVENT_CHECK_VECTOR   0xfb
#define CALL_FUNCTION_VECTOR 0xfc
#define FLUSH_VECTOR         0xfd
#define SPURIOUS_VECTOR      0xff

#define NR_IRQS              512
#define IRQ_MAX_GUESTS       7
#define INVALID_IRQ          (~0u)

struct irq_desc;

/* How interrupts of one kind are handled. All are called under desc->lock. */
struct irq_chip {
    const char *name;
    void (*mask)(struct irq_desc *desc);
    void (*unmask)(struct irq_desc *desc);
    void (*ack)(struct irq_desc *desc); /* it came: first thing */
    void (*end)(struct irq_desc *desc); /* its users are done; may be NULL */
    /* Deliver by desc->vector to desc->cpu from now on. Masked meanwhile. */
    void (*route)(struct irq_desc *desc);
    /* On its way to the old CPU, must not move now; may be NULL. */
    bool (*in_transit)(struct irq_desc *desc);
};

struct irq_guest {
    struct domain *d;
    unsigned int pirq;
    bool held; /* a level interrupt that it still has to deal with */
};

struct irq_desc {
    spinlock_t lock; /* rank LOCK_IRQ_DESC; taken with interrupts off */
    unsigned int irq;

    /* Under lock: */
    const struct irq_chip *chip; /* NULL: there is no such interrupt */
    void *chip_data;             /* struct msi_desc of a message */
    unsigned int cpu;            /* where it is delivered */
    unsigned int old_cpu;        /* where it was before it moved... */
    u8 vector;                   /* 0: none yet */
    u8 old_vector;               /* ...0: nowhere */
    bool moving;                 /* none has come the new way yet */
    bool level;                  /* held off until all users are done */
    bool active_low;
    bool configured; /* trigger and polarity were set for its user */
    bool masked;
    bool shared; /* its users agreed to share */
    void (*handler)(unsigned int irq, void *data); /* the hypervisor's */
    void *handler_data;
    unsigned int nr_guests;
    struct irq_guest guest[IRQ_MAX_GUESTS];
    unsigned long count; /* interrupts so far */
};

/** NULL if the number is out of range. */
struct irq_desc *irq_to_desc(unsigned int irq);

/** Tables and vectors; before interrupts are switched on. */
void irq_init(void);
/** Prepare the vector table of a CPU before it starts. */
void irq_cpu_init(unsigned int cpu);

/** From the entry code, interrupts off: the vector is regs->entry_vector. */
void do_irq(struct cpu_regs *regs);

/** A vector of the hypervisor's own: `handler` runs after the EOI. */
void set_direct_vector(unsigned int vector, void (*handler)(void));

/**
 * Let a line interrupt the hypervisor itself.
 *
 * Returns 0; -EINVAL if there is no such line; -EBUSY if it is in use;
 *         -ENOSPC if no vector is left.
 * Locks:  desc->lock.
 */
int __must_check irq_request(unsigned int irq,
                             void (*handler)(unsigned int irq, void *data),
                             void *data);

/**
 * Deliver an interrupt to another CPU, if it can be moved now: a hint. A move
 * ends with the first interrupt that comes the new way; until then there is no
 * other.
 */
void irq_set_cpu(unsigned int irq, unsigned int cpu);

/** Print all interrupts and who has them. */
void irq_dump(void);

/* Guests, for pirq.c. */

/**
 * Returns 0; -EINVAL no such line; -EBUSY it is the hypervisor's, or not to be
 * shared, or has too many users; -ENOSPC.
 */
int __must_check irq_guest_bind(unsigned int irq, struct domain *d,
                                unsigned int pirq, bool will_share,
                                unsigned int cpu);
/** Ends the interrupt that the domain holds, too. */
void irq_guest_unbind(unsigned int irq, struct domain *d, unsigned int pirq);
/** The guest has dealt with a level interrupt; nothing if it holds none. */
void irq_guest_eoi(unsigned int irq, struct domain *d, unsigned int pirq);
/** Wait until no CPU notifies a domain that was unbound before. */
void irq_guest_sync(void);

/**
 * For messages: an irq number, masked and without vector, and back again.
 * Returns INVALID_IRQ if there is none left.
 */
unsigned int irq_alloc_msi(const struct irq_chip *chip, void *data);
/** Nobody may be bound to it. */
void irq_free_msi(unsigned int irq);

#endif
