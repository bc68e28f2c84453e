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

#define FIRST_DYNAMIC_VECTOR 0x20
#define LAST_DYNAMIC_VECTOR  0xef
#define GUEST_SYSCALL_VECTOR 0x80
#define EVENT_CHECK_VECTOR   0xfb
#define CALL_FUNCTION_VECTOR 0xfc
#define FLUSH_VECTOR         0xfd
#define STOP_VECTOR          0xf8
#define ERROR_VECTOR         0xf9
#define TIMER_VECTOR         0xfa
#define SPURIOUS_VECTOR      0xff

#define NR_IRQS              1024
#define IRQ_MAX_GUESTS       7
#define INVALID_IRQ          (~0u)

struct irq_desc;

/* How lines of one kind are handled. All are called under desc->lock. */
struct irq_chip {
    const char *name;
    void (*mask)(struct irq_desc *desc);
    void (*unmask)(struct irq_desc *desc);
    void (*ack)(struct irq_desc *desc); /* it came: first thing */
    void (*end)(struct irq_desc *desc); /* its users are done; may be NULL */
    /* Deliver by desc->vector to desc->cpu from now on. */
    void (*route)(struct irq_desc *desc);
};

struct irq_desc {
    spinlock_t lock; /* rank LOCK_IRQ_DESC; taken with interrupts off */
    unsigned int irq;

    /* Under lock: */
    const struct irq_chip *chip; /* NULL: there is no such interrupt */
    void *chip_data;             /* struct msi_desc of a message */
    unsigned int cpu;            /* where it is delivered */
    u8 vector;                   /* 0: none yet */
    unsigned int old_cpu;        /* where it was before it moved... */
    u8 old_vector;               /* ...0: nowhere */
    bool level;                  /* held off until all users are done */
    bool active_low;
    bool configured; /* the IO-APIC pin was set up for it */
    bool masked;
    bool shared;                           /* users agreed to share */
    void (*handler)(unsigned int, void *); /* the hypervisor's; or NULL */
    void *handler_data;
    unsigned int nr_guests;
    unsigned int in_flight; /* guests that still have to say they are done */
    struct domain *guest[IRQ_MAX_GUESTS];
    unsigned int guest_pirq[IRQ_MAX_GUESTS];

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
 * Give desc a vector on `cpu` and route it there. A move ends with the first
 * interrupt that comes the new way; until then the next one is refused.
 *
 * Returns 0; -ENOSPC; -EBUSY.
 */
int __must_check irq_assign_vector_locked(struct irq_desc *desc,
                                          unsigned int cpu);
void irq_free_vector_locked(struct irq_desc *desc);
void irq_set_cpu(unsigned int irq, unsigned int cpu);

/* Guests, for pirq.c. */

/**
 * Returns 0; -EINVAL no such line; -EBUSY it is the hypervisor's, or not to be
 * shared, or has too many users; -ENOSPC.
 */
int __must_check irq_guest_bind(unsigned int irq, struct domain *d,
                                unsigned int pirq, bool will_share,
                                unsigned int cpu);
/** `held`: the domain had an interrupt in flight; that ends too. */
void irq_guest_unbind(unsigned int irq, struct domain *d, bool held);
/** One of the guests has dealt with a level interrupt. */
void irq_guest_eoi(unsigned int irq);
/** Wait until no CPU is about to notify a domain that was unbound. */
void irq_guest_sync(void);

/** For messages: take a free irq number and back. INVALID_IRQ if none. */
unsigned int irq_alloc_msi(const struct irq_chip *chip, void *data);
void irq_free_msi(unsigned int irq);

#endif
