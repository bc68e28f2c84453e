/* SPDX-License-Identifier: MIT */
/*
 * Type references: who may get one, and what it takes.
 *
 * A frame changes its type only while it has no type references. The first
 * reference of a table type validates the contents; the last one dropped gives
 * back what the entries held. While either goes on, the count is 1 and
 * PGT_validated is clear: other CPUs wait.
 *
 *     count 0 --get--> count 1, not validated --checked--> validated, count n
 *                        |      ^                                |
 *                   preempted  resumed                        last put
 *                        v      |                                v
 *                      PGT_partial  <------preempted------ not validated
 *
 * Levels only ever descend, so waiting for a table below cannot form a circle.
 */
#include "asm/pv_mm.h"

#include "public/xen.h"
#include "xen/atomic.h"
#include "xen/errno.h"
#include "xen/hypercall.h"
#include "xen/softirq.h"
#include "xen/vcpu.h"
#include "asm/pv.h"
#include "asm/smp.h"

/* page_info.partial of a PGT_partial frame. */
enum {
    WORK_VALIDATE = 0,
    WORK_UNDO_PUT = 1,    /* giving back what entries below nr_validated hold */
    WORK_UNDO_FAILED = 2, /* same, after an entry did not pass */
    WORK_CHILD = 4,       /* flag: the child at nr_validated has work left; its
                             general reference is still held */
};

void flush_domain_tlb(struct domain *d)
{
    flush_cpus(&d->dirty_cpumask, FLUSH_TLB, 0);
}

/* The frame changed its type: nobody may go on using it as the old one. */
static void flush_old_type(struct page_info *pg, unsigned long old)
{
    struct domain *d = page_get_owner(pg);
    struct cpumask mask;

    /* A frame of type none was never mapped writable, unless it was taken off
     * its owner and came back: then it has a stamp. */
    if (!d || ((old & PGT_type_mask) == PGT_none && !pg->tlbflush_stamp))
        return;

    cpumask_copy(&mask, &d->dirty_cpumask);
    tlbflush_filter(&mask, pg->tlbflush_stamp);
    if (!cpumask_empty(&mask))
        flush_cpus(&mask, FLUSH_TLB, 0);
}

/* Tables are mostly empty: look at this many entries at once. */
#define GROUP 8

static bool group_is_empty(const u64 *e)
{
    BUILD_BUG_ON(PT_ENTRIES % GROUP != 0);
    return !((e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]) &
             PTE_PRESENT);
}

/* Index of the first entry from i on that is present, or PT_ENTRIES. */
static unsigned int next_present(const u64 *table, unsigned int i)
{
    for (; i % GROUP != 0; i++)
        if (table[i] & PTE_PRESENT)
            return i;
    while (i < PT_ENTRIES && group_is_empty(&table[i]))
        i += GROUP;
    while (i < PT_ENTRIES && !(table[i] & PTE_PRESENT))
        i++;
    return i;
}

/* Index behind the last entry below `end` that is present; 0: there is none. */
static unsigned int behind_last_present(const u64 *table, unsigned int end)
{
    for (; end % GROUP != 0; end--)
        if (table[end - 1] & PTE_PRESENT)
            return end;
    while (end > 0 && group_is_empty(&table[end - GROUP]))
        end -= GROUP;
    while (end > 0 && !(table[end - 1] & PTE_PRESENT))
        end--;
    return end;
}

/* None of the entries that are not present names memory. */
static bool absent_ones_are_safe(const u64 *table, unsigned int level)
{
    if (likely(l1tf_limit == 0))
        return true;
    for (unsigned int i = 0; i < PT_ENTRIES; i++)
        if (!is_hypervisor_slot(level, i) && l1tf_unsafe(table[i], level))
            return false;
    return true;
}

static int validate_l1(struct page_info *pg, struct domain *d)
{
    u64 *table = page_to_virt(pg);
    int rc = 0;
    unsigned int i = next_present(table, 0);

    if (!absent_ones_are_safe(table, 1))
        return hc_error(-EINVAL);
    for (; i < PT_ENTRIES; i = next_present(table, i + 1)) {
        u64 pte = table[i];

        rc = l1e_get(&pte, d, d);
        if (rc)
            break;
        table[i] = adjust_l1e(pte);
    }
    if (!rc)
        return 0;

    while (i-- > 0)
        l1e_put(table[i]);
    return rc;
}

static void devalidate_l1(struct page_info *pg)
{
    const u64 *table = page_to_virt(pg);
    unsigned int i = next_present(table, 0);

    for (; i < PT_ENTRIES; i = next_present(table, i + 1))
        l1e_put(table[i]);
}

/* Whatever the guest has written there, these are ours. */
static void install_hypervisor_slots(u64 *l4)
{
    for (unsigned int i = HYPERVISOR_FIRST_SLOT; i <= HYPERVISOR_LAST_SLOT; i++)
        l4[i] = idle_pg_table[i];
}

/* Entries from nr_validated on. Returns 0, -ERESTART, or why one is bad. */
static int validate_upper(struct page_info *pg, unsigned int level,
                          struct domain *d)
{
    u64 *table = page_to_virt(pg);
    unsigned int i = next_present(table, pg->nr_validated);

    if (pg->nr_validated == 0 && !absent_ones_are_safe(table, level))
        return hc_error(-EINVAL);
    for (; i < PT_ENTRIES; i = next_present(table, i + 1)) {
        u64 pte = table[i];
        int rc;

        pg->nr_validated = i;
        if (is_hypervisor_slot(level, i))
            continue;
        rc = upper_get(pte, level, d);
        if (rc)
            return rc;
        table[i] = adjust_upper(pte);
        pg->nr_validated = i + 1;
        if (i + 1 < PT_ENTRIES && hypercall_preempt_check())
            return -ERESTART;
    }
    if (level == 4)
        install_hypervisor_slots(table);
    pg->nr_validated = PT_ENTRIES;
    return 0;
}

/* Entries below nr_validated, downwards. Returns 0 or -ERESTART. */
static int devalidate_upper(struct page_info *pg, unsigned int level)
{
    const u64 *table = page_to_virt(pg);
    int rc;

    if (pg->partial & WORK_CHILD) {
        struct page_info *child = mfn_to_page(pte_mfn(table[pg->nr_validated]));

        rc = page_resume(child);
        if (rc)
            return rc;
        page_put(child);
        pg->partial &= ~WORK_CHILD;
    }

    for (;;) {
        unsigned int i = behind_last_present(table, pg->nr_validated);

        pg->nr_validated = i;
        if (i == 0)
            return 0;
        pg->nr_validated = --i;
        if (is_hypervisor_slot(level, i))
            continue;
        rc = upper_put(table[i], level);
        if (rc) {
            pg->partial |= WORK_CHILD;
            return rc;
        }
        if (i > 0 && hypercall_preempt_check())
            return -ERESTART;
    }
}

/* The one who works on the frame is done, or gives up: count 0. */
static void drop_working_type(struct page_info *pg, unsigned long type)
{
    pg->tlbflush_stamp = tlbflush_current_time();
    smp_wmb(); /* the stamp is there before the type can change */
    WRITE_ONCE(pg->type_info, type & PGT_type_mask);
}

/*
 * Leave the work for later: the frame gets references of its own. The caller
 * works on it: it has the type reference, which stays, and holds a general one.
 */
static int park(struct page_info *pg, unsigned int work)
{
    pg->partial = work | (pg->partial & WORK_CHILD);
    if (!page_get(pg, page_get_owner(pg)))
        BUG(); /* the caller's own reference makes it impossible */
    __atomic_fetch_or(&pg->type_info, PGT_partial, __ATOMIC_SEQ_CST);
    return -ERESTART;
}

/* Give back what the entries hold. `work` is WORK_UNDO_*. */
static int undo(struct page_info *pg, unsigned long type, unsigned int work)
{
    int rc = devalidate_upper(pg, type_level(type));

    if (rc)
        return park(pg, work);
    drop_working_type(pg, type);
    return work == WORK_UNDO_FAILED ? -EINVAL : 0;
}

/* Check the contents from where nr_validated stands. */
static int validate(struct page_info *pg, unsigned long type)
{
    unsigned int level = type_level(type);
    struct domain *d = page_get_owner(pg);
    int rc;

    if (level == 1) {
        rc = validate_l1(pg, d);
        if (rc) {
            drop_working_type(pg, type);
            return rc;
        }
    } else {
        rc = validate_upper(pg, level, d);
        if (rc == -ERESTART)
            return park(pg, WORK_VALIDATE);
        if (rc) {
            pg->partial = 0;
            return undo(pg, type, WORK_UNDO_FAILED);
        }
    }
    __atomic_fetch_or(&pg->type_info, PGT_validated, __ATOMIC_SEQ_CST);
    return 0;
}

static bool validate_segdesc(struct page_info *pg)
{
    u64 *desc = page_to_virt(pg);

    for (unsigned int i = 0; i < PAGE_SIZE / sizeof(*desc); i++)
        if (!pv_check_descriptor(&desc[i]))
            return false;
    return true;
}

/* First reference of a type: make the contents fit. count is 1, not
 * validated. */
static int establish(struct page_info *pg, unsigned long type,
                     unsigned long old)
{
    if ((old & PGT_type_mask) != type) {
        flush_old_type(pg, old);
        if (type != PGT_writable &&
            (READ_ONCE(pg->count_info) & PGC_non_coherent)) {
            flush_page_cache(page_to_mfn(pg));
            __atomic_fetch_and(&pg->count_info, ~PGC_non_coherent,
                               __ATOMIC_SEQ_CST);
        }
    }

    if (type_level(type) <= 4) {
        pg->nr_validated = 0;
        pg->partial = 0;
        return validate(pg, type);
    }
    if (type == PGT_segdesc && !validate_segdesc(pg)) {
        drop_working_type(pg, type);
        return -EINVAL;
    }
    __atomic_fetch_or(&pg->type_info, PGT_validated, __ATOMIC_SEQ_CST);
    return 0;
}

/* Go on with a frame whose PGT_partial flag the caller has just taken. */
static int resume(struct page_info *pg, unsigned long type)
{
    unsigned int work = pg->partial & ~WORK_CHILD;
    int rc;

    if (work == WORK_VALIDATE)
        rc = validate(pg, type);
    else
        rc = undo(pg, type, work);
    page_put(pg); /* the reference that park() took; park() may have again */
    return rc;
}

static int get_type(struct page_info *pg, unsigned long type, bool preemptible)
{
    unsigned long x, nx;

    for (;;) {
        x = READ_ONCE(pg->type_info);
        nx = x + 1;

        if (unlikely((nx & PGT_count_mask) == 0))
            return -EINVAL;

        if ((x & PGT_count_mask) == 0) {
            if ((x & PGT_type_mask) != type || type_level(type) <= 4)
                nx = type | 1;
        } else if ((x & PGT_type_mask) != type) {
            return -EINVAL;
        } else if (unlikely(!(x & PGT_validated))) {
            if (!(x & PGT_partial)) {
                if (preemptible && hypercall_preempt_check())
                    return -ERESTART;
                /* Who works on it may flush our TLB first, and we may have
                 * interrupts off: a fault while a segment was loaded. */
                flush_serve();
                continue;
            }
            if (!preemptible)
                return -EINVAL;
            if (cmpxchg(&pg->type_info, x, x & ~PGT_partial) == x) {
                /* Ours now, reference included. */
                bool undoing = pg->partial & WORK_UNDO_PUT;
                int rc = resume(pg, type);

                if (undoing && rc == 0)
                    continue; /* it is free: start afresh */
                return rc;
            }
            continue;
        }
        if (cmpxchg(&pg->type_info, x, nx) == x)
            break;
    }

    if (nx & PGT_validated)
        return 0;
    return establish(pg, type, x);
}

int page_get_type(struct page_info *pg, unsigned long type)
{
    return likely(page_get_type_fast(pg, type)) ? 0 : get_type(pg, type, false);
}

int page_get_type_preemptible(struct page_info *pg, unsigned long type)
{
    return likely(page_get_type_fast(pg, type)) ? 0 : get_type(pg, type, true);
}

static __noinline int put_type(struct page_info *pg)
{
    unsigned long x, nx, type;
    unsigned int level;

    for (;;) {
        x = READ_ONCE(pg->type_info);
        ASSERT(x & PGT_count_mask);
        nx = x - 1;
        level = type_level(x);

        if ((nx & PGT_count_mask) == 0) {
            if (level >= 1 && level <= 4)
                nx = (x & PGT_type_mask) | 1; /* ours to take apart */
            else
                pg->tlbflush_stamp = tlbflush_current_time();
        }
        if (cmpxchg(&pg->type_info, x, nx) == x)
            break;
    }

    if ((x & PGT_count_mask) != 1 || level < 1 || level > 4)
        return 0;

    type = x & PGT_type_mask;
    if (level == 1) {
        devalidate_l1(pg);
        drop_working_type(pg, type);
        return 0;
    }
    pg->nr_validated = PT_ENTRIES;
    pg->partial = 0;
    return undo(pg, type, WORK_UNDO_PUT);
}

int page_put_type_preemptible(struct page_info *pg)
{
    return likely(page_put_type_fast(pg)) ? 0 : put_type(pg);
}

void page_put_type(struct page_info *pg)
{
    /* What is left over stays with the frame: finished by whoever wants the
     * type next, or when the domain goes. */
    (void)!page_put_type_preemptible(pg);
}

int page_resume(struct page_info *pg)
{
    unsigned long x;
    int rc;

    for (;;) {
        x = READ_ONCE(pg->type_info);
        if (!(x & PGT_partial))
            return 0;
        if (cmpxchg(&pg->type_info, x, x & ~PGT_partial) == x)
            break;
    }

    if ((pg->partial & ~WORK_CHILD) == WORK_VALIDATE) {
        /* Nobody wants it any more: turn round. */
        rc = undo(pg, x & PGT_type_mask, WORK_UNDO_PUT);
        page_put(pg);
        return rc;
    }
    rc = resume(pg, x & PGT_type_mask);
    return rc == -ERESTART ? rc : 0;
}

unsigned long page_lock_table(struct page_info *pg)
{
    unsigned long x;

    for (;;) {
        x = READ_ONCE(pg->type_info);
        if (!(x & PGT_validated) || !(x & PGT_count_mask) ||
            type_level(x) < 1 || type_level(x) > 4)
            return 0;
        if (x & PGT_locked) {
            /* Its holder may be checking all that hangs below it. */
            if (hypercall_preempt_check())
                return PGT_locked;
            cpu_relax();
            continue;
        }
        if (cmpxchg(&pg->type_info, x, (x + 1) | PGT_locked) == x)
            return x & PGT_type_mask;
    }
}

bool page_lock_l1(struct page_info *pg)
{
    unsigned long x;

    for (;;) {
        x = READ_ONCE(pg->type_info);
        if ((x & PGT_type_mask) != PGT_l1 || !(x & PGT_validated))
            return false;
        if (x & PGT_locked)
            cpu_relax();
        else if (cmpxchg(&pg->type_info, x, (x + 1) | PGT_locked) == x)
            return true;
    }
}

void page_unlock_table(struct page_info *pg)
{
    unsigned long x;

    for (;;) {
        x = READ_ONCE(pg->type_info);
        if ((x & PGT_count_mask) == 1)
            break; /* all others went meanwhile: take it apart properly */
        if (cmpxchg(&pg->type_info, x, (x - 1) & ~PGT_locked) == x)
            return;
    }
    __atomic_fetch_and(&pg->type_info, ~PGT_locked, __ATOMIC_SEQ_CST);
    page_put_type(pg);
}

int finish_old_guest_table(struct vcpu *v)
{
    struct page_info *pg = v->arch.old_guest_table;

    if (page_resume(pg))
        return -ERESTART;
    v->arch.old_guest_table = NULL;
    page_put(pg);
    return 0;
}

int put_table_preemptible(struct vcpu *v, struct page_info *pg)
{
    int rc = page_put_type_preemptible(pg);

    if (rc) {
        ASSERT(!v->arch.old_guest_table);
        v->arch.old_guest_table = pg;
        return rc;
    }
    page_put(pg);
    return 0;
}

unsigned int table_entries_held(const struct page_info *pg, bool *child_out)
{
    *child_out = false;
    if (pg->type_info & PGT_validated)
        return PT_ENTRIES;
    if (!(pg->type_info & PGT_partial))
        return 0;
    *child_out = pg->partial & WORK_CHILD;
    return pg->nr_validated;
}
