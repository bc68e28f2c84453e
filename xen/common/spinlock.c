/* SPDX-License-Identifier: MIT */
/*
 * Ticket spinlocks: whoever comes first is served first.
 *
 * A debug build keeps a list of the locks that each CPU holds, and checks
 *  - that ranks grow; those of locks taken with interrupts off are compared
 *    with each other only, because the others may belong to what an interrupt
 *    has interrupted, and by the last rule no circle has both kinds in it,
 *  - that a CPU neither takes a lock twice nor gives back what it does not
 *    hold,
 *  - that a lock is taken either with interrupts on or with interrupts off, not
 *    both: if an interrupt's handler can want it, its holder must not be
 *    interrupted; if its holder may wait for other CPUs to answer an
 *    interrupt, no CPU may wait for the lock deaf.
 */
#include "xen/spinlock.h"

#include "xen/atomic.h"
#include "xen/percpu.h"

void ticket_wait(const spinlock_t *lock, u16 ticket)
{
    while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket)
        cpu_relax();
}

#if CONFIG_DEBUG
#define NO_CPU   0xffff
#define MAX_HELD 16

/* spinlock.irq_safe */
enum { LOCK_IRQ_UNKNOWN, LOCK_IRQ_OFF, LOCK_IRQ_ON, LOCK_IRQ_REPORTED };

struct held_locks {
    unsigned int nr;
    struct {
        spinlock_t *lock;
        bool irqs_on; /* when it was taken */
    } entry[MAX_HELD];
};

static DEFINE_PER_CPU(struct held_locks, held_locks);
static bool check_irqs;

void spin_irq_checks_start(void)
{
    check_irqs = true;
}

static void check_irq_use(spinlock_t *lock)
{
    u8 use = local_irq_is_enabled() ? LOCK_IRQ_ON : LOCK_IRQ_OFF;

    if (!check_irqs || lock->irq_safe == LOCK_IRQ_REPORTED)
        return;
    if (lock->irq_safe == LOCK_IRQ_UNKNOWN)
        lock->irq_safe = use;
    if (lock->irq_safe == use)
        return;
    lock->irq_safe = LOCK_IRQ_REPORTED;
    warn(__FILE__, __LINE__, "lock taken with interrupts on and off");
}

static void check_before(const spinlock_t *lock, bool nested)
{
    const struct held_locks *held = &this_cpu(held_locks);

    BUG_ON(lock->cpu == smp_processor_id());
    if (lock->rank == LOCK_NONE)
        return;
    for (unsigned int i = 0; i < held->nr; i++)
        BUG_ON(held->entry[i].lock->rank + !nested > lock->rank &&
               (local_irq_is_enabled() || !held->entry[i].irqs_on));
}

static void note_taken(spinlock_t *lock)
{
    struct held_locks *held = &this_cpu(held_locks);

    lock->cpu = smp_processor_id();
    if (lock->rank == LOCK_NONE)
        return;
    BUG_ON(held->nr == MAX_HELD);
    held->entry[held->nr].irqs_on = local_irq_is_enabled();
    held->entry[held->nr++].lock = lock;
}

static void note_given_back(spinlock_t *lock)
{
    struct held_locks *held = &this_cpu(held_locks);
    unsigned int i = held->nr;

    BUG_ON(lock->cpu != smp_processor_id());
    lock->cpu = NO_CPU;
    if (lock->rank == LOCK_NONE)
        return;
    do
        BUG_ON(i-- == 0);
    while (held->entry[i].lock != lock);
    for (held->nr--; i < held->nr; i++)
        held->entry[i] = held->entry[i + 1];
}

static void take(spinlock_t *lock, bool nested)
{
    check_before(lock, nested);
    if (lock->rank != LOCK_NONE)
        check_irq_use(lock);
    ticket_lock(lock);
    note_taken(lock);
}

void spin_lock(spinlock_t *lock)
{
    take(lock, false);
}

void spin_lock_nested(spinlock_t *lock)
{
    take(lock, true);
}

void spin_unlock(spinlock_t *lock)
{
    note_given_back(lock);
    ticket_unlock(lock);
}
#else
static void note_taken(spinlock_t *lock)
{
    (void)lock;
}

void spin_irq_checks_start(void)
{
}
#endif

bool spin_trylock(spinlock_t *lock)
{
    u16 ticket = __atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE);

    /* Free if the next ticket is the one being served. */
    if (!__atomic_compare_exchange_n(&lock->next, &ticket, (u16)(ticket + 1),
                                     false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return false;
    note_taken(lock);
    return true;
}

bool spin_is_locked(const spinlock_t *lock)
{
    return READ_ONCE(lock->next) != READ_ONCE(lock->owner);
}
