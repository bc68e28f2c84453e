/* SPDX-License-Identifier: MIT */
/* Checked writes to page tables: mmu_update and update_va_mapping. */
#include "asm/pv_mm.h"

#include "public/xen.h"
#include "xen/bitops.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/hypercall.h"
#include "xen/softirq.h"
#include "xen/vcpu.h"
#include "asm/guest_word.h"
#include "asm/pv.h"
#include "asm/smp.h"

#define REQUEST_WORDS (sizeof(struct mmu_update) / sizeof(u64))

/* Requests between two looks at pending work. */
#define PREEMPT_BATCH 16
/* Requests before a table's lock is let go for others: a multiple of that. */
#define LOCK_BATCH 512

struct domain *pg_owner_find(domid_t domid)
{
    struct domain *curr = current->domain, *d;

    if (domid == curr->domain_id)
        return curr;

    if (domid == DOMID_IO) {
        d = dom_io;
    } else if (domid == DOMID_XEN) {
        if (!curr->is_control)
            return NULL;
        d = dom_xen;
    } else {
        d = domain_get(domid);
        if (d && !domain_controls(curr, d)) {
            domain_put(d);
            return NULL;
        }
        return d;
    }
    domain_get_known(d);
    return d;
}

int pg_owner_error(void)
{
    return current->domain->is_control ? -ESRCH : -EPERM;
}

/* The table that the last request changed stays locked for the next one: a
 * batch mostly fills one table. */
struct batch {
    struct domain *pt_owner, *pg_owner;
    struct page_info *pg; /* referenced; NULL: none */
    unsigned long type;   /* PGT_l1..PGT_l4: locked; 0: not a table */
    bool flush;           /* an upper level changed */
};

static void batch_release(struct batch *b)
{
    if (!b->pg)
        return;
    if (b->type)
        page_unlock_table(b->pg);
    page_put(b->pg);
    b->pg = NULL;
}

static inline int batch_select(struct batch *b, mfn_t mfn)
{
    struct page_info *pg;

    if (likely(b->pg) && mfn_eq(page_to_mfn(b->pg), mfn) && b->type)
        return 0;
    batch_release(b);

    if (!mfn_valid(mfn))
        return hc_error(-EINVAL);
    pg = mfn_to_page(mfn);
    if (!page_get(pg, b->pt_owner))
        return hc_error(-EINVAL);
    b->type = page_lock_table(pg);
    if (unlikely(b->type == PGT_locked)) {
        page_put(pg);
        return -ERESTART;
    }
    b->pg = pg;
    return 0;
}

/* A frame that is no page table: a plain store, if it may be written at all. */
static int write_plain(struct page_info *pg, u64 *slot, u64 value)
{
    if (page_get_type(pg, PGT_writable))
        return hc_error(-EINVAL);
    WRITE_ONCE(*slot, value);
    page_put_type(pg);
    return 0;
}

static inline int update_entry(struct batch *b, u64 ptr, u64 value,
                               bool preserve_ad)
{
    unsigned int index = (ptr & ~PAGE_MASK) / sizeof(u64);
    unsigned int level;
    u64 *slot;
    int rc;

    rc = batch_select(b, maddr_to_mfn(ptr));
    if (rc)
        return rc;

    slot = (u64 *)page_to_virt(b->pg) + index;
    if (!b->type)
        return write_plain(b->pg, slot, value);

    level = type_level(b->type);
    if (likely(level == 1))
        return mod_l1_entry(slot, value, b->pt_owner, b->pg_owner, preserve_ad);

    rc = mod_upper_entry(slot, value, level, index, b->pt_owner, preserve_ad);
    b->flush |= rc == 0;
    return rc;
}

static int update_m2p(struct batch *b, u64 ptr, u64 value)
{
    mfn_t mfn = maddr_to_mfn(ptr);
    struct page_info *pg;

    if (!mfn_valid(mfn))
        return hc_error(-EINVAL);
    pg = mfn_to_page(mfn);
    if (!page_get(pg, b->pg_owner))
        return hc_error(-EINVAL);
    m2p_set(mfn, _pfn(value));
    page_put(pg);
    return 0;
}

static inline int update_one(struct batch *b, const struct mmu_update *req)
{
    unsigned int what = req->ptr & 7;
    u64 ptr = req->ptr & ~7UL;

    switch (what) {
    case MMU_NORMAL_PT_UPDATE:
    case MMU_PT_UPDATE_NO_TRANSLATE:
    case MMU_PT_UPDATE_PRESERVE_AD:
        return update_entry(b, ptr, req->val,
                            what == MMU_PT_UPDATE_PRESERVE_AD);
    case MMU_MACHPHYS_UPDATE:
        return update_m2p(b, ptr, req->val);
    default:
        return -ENOSYS;
    }
}

/* Owners of the tables and of what is mapped. Returns 0 or -errno. */
static int batch_owners(struct batch *b, unsigned long foreigndom)
{
    unsigned int pt_dom = (foreigndom >> 16) & 0xffff;

    b->pt_owner = current->domain;
    b->pg_owner = pg_owner_get(foreigndom & 0xffff);
    if (!b->pg_owner)
        return hc_error(pg_owner_error());

    if (likely(!pt_dom))
        return 0;

    b->pt_owner = pg_owner_get(pt_dom - 1);
    if (!b->pt_owner) {
        pg_owner_put(b->pg_owner);
        return hc_error(pg_owner_error());
    }
    if (b->pt_owner == dom_io || b->pt_owner == dom_xen) {
        pg_owner_put(b->pt_owner);
        pg_owner_put(b->pg_owner);
        return hc_error(-EINVAL);
    }
    return 0;
}

/* Add what was done to *done. Returns 0 or -EFAULT. */
static int add_done(unsigned long pdone, unsigned long nr)
{
    u32 done;

    if (!pdone)
        return 0;
    if (copy_from_guest(&done, pdone, sizeof(done)))
        return -EFAULT;
    done += nr;
    return copy_to_guest(pdone, &done, sizeof(done));
}

/* Lock the L1 table behind a machine address found by walking: it may be
 * anything by now. NULL: it is no L1 table of d. */
static inline struct page_info *lock_l1(struct domain *d, paddr_t slot)
{
    struct page_info *pg;

    if (!slot || !mfn_valid(maddr_to_mfn(slot)))
        return NULL;
    pg = mfn_to_page(maddr_to_mfn(slot));
    if (!page_get(pg, d))
        return NULL;
    if (page_lock_l1(pg))
        return pg;
    page_put(pg);
    return NULL;
}

/* What most calls are: one entry of an L1 table of the caller's, its own frame.
 * False: it is something else, and nothing was done. */
static bool update_own_l1(u64 reqs, long *rc_out)
{
    struct domain *d = current->domain;
    struct mmu_update req;
    struct page_info *pg;
    unsigned int what;

    *rc_out = get_guest_words(&req, reqs, REQUEST_WORDS);
    if (unlikely(*rc_out))
        return true;
    what = req.ptr & 7;
    if (what != MMU_NORMAL_PT_UPDATE && what != MMU_PT_UPDATE_PRESERVE_AD)
        return false;
    req.ptr &= ~7UL;
    pg = lock_l1(d, req.ptr);
    if (!pg)
        return false;

    *rc_out = mod_l1_entry(maddr_to_virt(req.ptr), req.val, d, d,
                           what == MMU_PT_UPDATE_PRESERVE_AD);
    page_unlock_table(pg);
    page_put(pg);
    return true;
}

long do_mmu_update(unsigned long reqs, unsigned long count, unsigned long pdone,
                   unsigned long foreigndom, unsigned long a4)
{
    struct batch b = {.pg = NULL};
    struct mmu_update req;
    unsigned long i = 0;
    u32 zero = 0;
    long rc;

    (void)a4;
    count = (u32)count;

    if (likely(count == 1 && !pdone && foreigndom == DOMID_SELF) &&
        likely(!current->arch.old_guest_table) && update_own_l1(reqs, &rc))
        return rc;

    if (put_old_guest_table(current)) {
        hypercall_continue(reqs, count, pdone, foreigndom, 0);
        return -ERESTART;
    }

    if (count & MMU_UPDATE_PREEMPTED) {
        count &= ~MMU_UPDATE_PREEMPTED;
    } else if (pdone && copy_to_guest(pdone, &zero, sizeof(zero))) {
        return -EFAULT;
    }
    if (!count)
        return 0;
    if (count > 1 && !guest_array_ok(reqs, count, sizeof(req)))
        return -EFAULT;

    rc = batch_owners(&b, foreigndom);
    if (rc)
        return rc;

    for (; i < count; i++) {
        if (unlikely(i && i % PREEMPT_BATCH == 0)) {
            if (hypercall_preempt_check()) {
                rc = -ERESTART;
                break;
            }
            if (i % LOCK_BATCH == 0)
                batch_release(&b);
        }
        rc = get_guest_words(&req, reqs + i * sizeof(req), REQUEST_WORDS);
        if (unlikely(rc))
            break;
        rc = update_one(&b, &req);
        if (unlikely(rc))
            break;
        /* A table went away and is not taken apart yet: do that first. */
        if (unlikely(current->arch.old_guest_table) && i + 1 < count) {
            i++;
            rc = -ERESTART;
            break;
        }
    }

    batch_release(&b);
    if (b.flush)
        flush_domain_tlb(b.pt_owner);
    pg_owner_put(b.pt_owner);
    pg_owner_put(b.pg_owner);

    if (add_done(pdone, i))
        return -EFAULT;
    if (rc == -ERESTART)
        hypercall_continue(reqs + i * sizeof(req),
                           (count - i) | MMU_UPDATE_PREEMPTED, pdone,
                           foreigndom, 0);
    return rc;
}

/* CPUs on which the vcpus of a guest's bitmap run. Returns 0 or -EFAULT. */
int vcpumask_to_cpumask(struct domain *d, u64 bitmap, struct cpumask *mask)
{
    unsigned long word = 0;

    cpumask_zero(mask);
    for (unsigned int id = 0; id < d->max_vcpus; id++) {
        struct vcpu *v = d->vcpu[id];
        unsigned int cpu;

        if (id % BITS_PER_LONG == 0 &&
            copy_from_guest_index(&word, bitmap, id / BITS_PER_LONG))
            return -EFAULT;
        if (!v || !((word >> (id % BITS_PER_LONG)) & 1))
            continue;
        cpu = READ_ONCE(v->dirty_cpu);
        if (cpu != VCPU_CPU_CLEAN)
            cpumask_set(cpu, mask);
    }
    return 0;
}

/* The flush that an update_va_mapping asked for. */
static int flush_for_va(struct domain *d, u64 va, unsigned long flags)
{
    unsigned int what = (flags & UVMF_FLUSHTYPE_MASK) == UVMF_INVLPG
                            ? FLUSH_TLB_PAGE
                            : FLUSH_TLB;
    u64 target = flags & ~UVMF_FLUSHTYPE_MASK;
    struct cpumask mask;

    if ((flags & UVMF_FLUSHTYPE_MASK) == UVMF_NONE)
        return 0;

    if (target == UVMF_LOCAL) {
        flush_local(what, va);
        return 0;
    }
    if (target == UVMF_ALL) {
        flush_cpus(&d->dirty_cpumask, what, va);
        return 0;
    }
    if (vcpumask_to_cpumask(d, target, &mask))
        return -EFAULT;
    flush_cpus(&mask, what, va);
    return 0;
}

static long update_va(u64 va, u64 value, unsigned long flags,
                      struct domain *pg_owner)
{
    struct domain *d = current->domain;
    struct page_info *pg;
    paddr_t slot;
    int rc;

    if (unlikely(!guest_addr_ok(va)))
        return hc_error(-EINVAL);

    slot = guest_l1e_maddr(va);
    pg = lock_l1(d, slot);
    if (unlikely(!pg))
        return hc_error(-EINVAL);
    rc = mod_l1_entry(maddr_to_virt(slot), value, d, pg_owner, false);
    page_unlock_table(pg);
    page_put(pg);

    return rc ? rc : flush_for_va(d, va, flags);
}

long do_update_va_mapping(unsigned long va, unsigned long pte,
                          unsigned long flags, unsigned long a3,
                          unsigned long a4)
{
    (void)a3, (void)a4;
    return update_va(va, pte, flags, current->domain);
}

long do_update_va_mapping_otherdomain(unsigned long va, unsigned long pte,
                                      unsigned long flags, unsigned long domid,
                                      unsigned long a4)
{
    struct domain *pg_owner = pg_owner_get(domid);
    long rc;

    (void)a4;
    if (!pg_owner)
        return hc_error(pg_owner_error());
    rc = update_va(va, pte, flags, pg_owner);
    pg_owner_put(pg_owner);
    return rc;
}
