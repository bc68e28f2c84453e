/* SPDX-License-Identifier: MIT */
/*
 * Ticket spinlocks. Each lock has a rank; a CPU takes locks in growing order of
 * rank only, which debug builds check on every acquire. LOCKING.md tells what
 * each rank protects.
 */
#ifndef XEN_SPINLOCK_H
#define XEN_SPINLOCK_H

#include "xen/types.h"
#include "xen/bug.h"
#include "asm/irqflags.h"

/* Outermost first. Gaps leave room; equal ranks nest by domain id (_nested). */
enum lock_rank {
    LOCK_NONE = 0,         /* never checked: console output, panic */
    LOCK_DOMCTL = 10,      /* one control operation at a time */
    LOCK_CPUPOOL = 15,     /* CPU pools, affinity */
    LOCK_DOMAIN_LIST = 20, /* creation and removal of domains */
    LOCK_DOMAIN = 30,      /* d->lock: life cycle of one domain */
    LOCK_PCI = 40,         /* configuration of PCI devices, MSI set-up */
    LOCK_GNTTAB_GROW = 45, /* size and version of a grant table */
    LOCK_GNTTAB_MAPTRACK = 47,
    LOCK_GNTTAB_ENTRY = 50, /* active entries */
    LOCK_PAGE_OWNER = 60,   /* a domain's list of pages and counts */
    LOCK_EVTCHN = 70,       /* a domain's ports and their bindings */
    LOCK_VIRQ_HANDLER = 71, /* who gets global virtual interrupts */
    LOCK_EVTCHN_PORT = 72,  /* FIFO queues */
    LOCK_PIRQ = 75,         /* a domain's PIRQ bindings */
    LOCK_IRQ_DESC = 80,     /* one interrupt line, its chip */
    LOCK_VECTOR = 81,       /* vectors of all CPUs, free irq numbers */
    LOCK_IOAPIC = 82,       /* indirect registers of IO-APICs */
    LOCK_PCI_CONF = 84,     /* ports 0xcf8/0xcfc */
    LOCK_SCHED_DOMAIN = 88, /* parameters of a domain */
    LOCK_SCHED = 90,        /* one run queue */
    LOCK_TIMER = 94,        /* one CPU's timers */
    LOCK_TIME = 96,         /* calibration, wallclock, CMOS */
    LOCK_RIGHTS = 100,      /* what a domain may touch of the machine */
    LOCK_HEAP = 110,        /* small objects */
    LOCK_VMAP = 112,        /* virtual ranges */
    LOCK_XEN_MAP = 114,     /* the hypervisor's own page tables */
    LOCK_PAGE_ALLOC = 120,  /* free pages */
    LOCK_CALL_CPUS = 124,   /* one remote function call at a time */
    LOCK_CONSOLE = 130,     /* innermost: anything may print */
};

typedef struct spinlock {
    u16 next;  /* ticket for the next comer */
    u16 owner; /* ticket being served */
    u16 cpu;   /* holder, for the checks; NO_CPU when free */
    u8 rank;
    u8 irq_safe; /* LOCK_IRQ_*: how it was taken first (checks) */
} spinlock_t;

#define SPIN_LOCK_INIT(r)                                                      \
    {                                                                          \
        .cpu = 0xffff, .rank = (r)                                             \
    }
#define DEFINE_SPINLOCK(name, r) spinlock_t name = SPIN_LOCK_INIT(r)

static inline void spin_lock_init(spinlock_t *lock, enum lock_rank rank)
{
    *lock = (spinlock_t)SPIN_LOCK_INIT(rank);
}

/* The locks without their checks; only for what follows here. */
void ticket_wait(const spinlock_t *lock, u16 ticket);

static inline void ticket_lock(spinlock_t *lock)
{
    u16 ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_ACQUIRE);

    if (unlikely(__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket))
        ticket_wait(lock, ticket);
}

static inline void ticket_unlock(spinlock_t *lock)
{
    /* One store, which only the holder makes: the compiler would load, add and
     * store. */
    __asm__ volatile("incw %0" : "+m"(lock->owner) : : "memory", "cc");
}

#if CONFIG_DEBUG
/** Take the lock. Interrupts keep their state. */
void spin_lock(spinlock_t *lock);
/** Take a second lock of the same rank (the caller orders by domain id). */
void spin_lock_nested(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);
#else
#define spin_lock        ticket_lock
#define spin_lock_nested ticket_lock
#define spin_unlock      ticket_unlock
#endif
/** Take it if it is free. Returns whether it did. */
bool spin_trylock(spinlock_t *lock);
bool spin_is_locked(const spinlock_t *lock);
/** Start-up, which has interrupts off, is over: from now on debug builds warn
 * of locks that are taken both with interrupts on and off. */
void spin_irq_checks_start(void);

static inline void spin_lock_irq(spinlock_t *lock)
{
    local_irq_disable();
    spin_lock(lock);
}

static inline void spin_unlock_irq(spinlock_t *lock)
{
    spin_unlock(lock);
    local_irq_enable();
}

static inline unsigned long __must_check _spin_lock_irqsave(spinlock_t *lock)
{
    unsigned long flags = local_irq_save();

    spin_lock(lock);
    return flags;
}

#define spin_lock_irqsave(lock, flags) ((flags) = _spin_lock_irqsave(lock))

static inline void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
    spin_unlock(lock);
    local_irq_restore(flags);
}

#define ASSERT_LOCKED(lock) ASSERT(spin_is_locked(lock))

#endif
