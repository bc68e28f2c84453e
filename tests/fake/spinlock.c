/* SPDX-License-Identifier: MIT */
/* Locks for one thread: taking a held one, giving a free one back, or taking
 * them against the order of ranks ends the test. */
#include "xen/spinlock.h"

#include "fake/fake.h"

#define MAX_HELD 16

static spinlock_t *held[MAX_HELD];
static unsigned int nr_held;

static void take(spinlock_t *lock, bool nested)
{
    unsigned int last = nr_held ? held[nr_held - 1]->rank : 0;

    BUG_ON(spin_is_locked(lock));
    BUG_ON(lock->rank != LOCK_NONE &&
           (nested ? lock->rank < last : lock->rank <= last));
    BUG_ON(nr_held == MAX_HELD);
    lock->next++;
    lock->cpu = smp_processor_id();
    held[nr_held++] = lock;
}

void spin_lock(spinlock_t *lock)
{
    take(lock, false);
}

void spin_lock_nested(spinlock_t *lock)
{
    take(lock, true);
}

bool spin_trylock(spinlock_t *lock)
{
    if (spin_is_locked(lock))
        return false;
    take(lock, true);
    return true;
}

void spin_unlock(spinlock_t *lock)
{
    unsigned int i = 0;

    BUG_ON(!spin_is_locked(lock));
    lock->owner++;
    lock->cpu = 0xffff;
    while (i < nr_held && held[i] != lock)
        i++;
    BUG_ON(i == nr_held);
    for (nr_held--; i < nr_held; i++)
        held[i] = held[i + 1];
}

bool spin_is_locked(const spinlock_t *lock)
{
    return lock->next != lock->owner;
}
