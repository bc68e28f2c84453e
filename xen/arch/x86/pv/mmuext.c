/* SPDX-License-Identifier: MIT */
/* mmuext_op: pinning, base pointers, flushes, and whole-page operations. */
#include "asm/pv_mm.h"

#include "public/xen.h"
#include "xen/atomic.h"
#include "xen/bitops.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/hypercall.h"
#include "xen/softirq.h"
#include "xen/string.h"
#include "xen/vcpu.h"
#include "asm/guest_word.h"
#include "asm/processor.h"
#include "asm/pv.h"
#include "asm/smp.h"
#include "asm/xpti.h"

#define OP_WORDS (sizeof(struct mmuext_op) / sizeof(u64))

struct mmuext_call {
    struct mmuext_op op;
    struct domain *pg_owner; /* whose frames it is about */
};

static int pin(struct mmuext_call *c, unsigned long type)
{
    mfn_t mfn = _mfn(c->op.arg1.mfn);
    struct page_info *pg;
    unsigned long x;
    int rc;

    if (!mfn_valid(mfn))
        return hc_error(-EINVAL);
    pg = mfn_to_page(mfn);
    if (!page_get(pg, c->pg_owner))
        return hc_error(-EINVAL);
    rc = page_get_type_preemptible(pg, type);
    if (rc) {
        page_put(pg);
        return rc;
    }

    x = __atomic_fetch_or(&pg->type_info, PGT_pinned, __ATOMIC_SEQ_CST);
    if (x & PGT_pinned) {
        page_put_and_type(pg); /* never the last one: the pin holds one */
        return hc_error(-EINVAL);
    }
    /* Teardown looks for pins once dying is set. */
    if (unlikely(READ_ONCE(c->pg_owner->dying)) &&
        (__atomic_fetch_and(&pg->type_info, ~PGT_pinned, __ATOMIC_SEQ_CST) &
         PGT_pinned)) {
        (void)!put_table_preemptible(current, pg);
        return hc_error(-EINVAL);
    }
    return 0;
}

static int pin_l1(struct mmuext_call *c)
{
    return pin(c, PGT_l1);
}

static int pin_l2(struct mmuext_call *c)
{
    return pin(c, PGT_l2);
}

static int pin_l3(struct mmuext_call *c)
{
    return pin(c, PGT_l3);
}

static int pin_l4(struct mmuext_call *c)
{
    return pin(c, PGT_l4);
}

static int unpin(struct mmuext_call *c)
{
    mfn_t mfn = _mfn(c->op.arg1.mfn);
    struct page_info *pg;
    unsigned long x;

    if (!mfn_valid(mfn))
        return hc_error(-EINVAL);
    pg = mfn_to_page(mfn);
    if (!page_get(pg, c->pg_owner))
        return hc_error(-EINVAL);

    x = __atomic_fetch_and(&pg->type_info, ~PGT_pinned, __ATOMIC_SEQ_CST);
    if (!(x & PGT_pinned)) {
        page_put(pg);
        return hc_error(-EINVAL);
    }
    page_put(pg);
    (void)!put_table_preemptible(current, pg);
    return 0;
}

/* Take the references of a base pointer. */
static int get_base(struct domain *d, mfn_t mfn)
{
    struct page_info *pg;
    int rc;

    if (!mfn_valid(mfn))
        return hc_error(-EINVAL);
    pg = mfn_to_page(mfn);
    if (!page_get(pg, d))
        return hc_error(-EINVAL);
    rc = page_get_type_preemptible(pg, PGT_l4);
    if (rc)
        page_put(pg);
    return rc;
}

static int new_base(struct mmuext_call *c)
{
    struct vcpu *v = current;
    mfn_t mfn = _mfn(c->op.arg1.mfn), old = v->arch.guest_table;
    int rc;

    if (!mfn_eq(mfn, old)) {
        rc = get_base(v->domain, mfn);
        if (rc)
            return rc;
        if (unlikely(v->arch.ldt_ents))
            pv_invalidate_ldt(v);
        v->arch.guest_table = mfn;
    }
    write_cr3(mfn_to_maddr(mfn)); /* the caller's mode is kernel */
    xpti_forget();
    if (!mfn_eq(mfn, old))
        (void)!put_table_preemptible(v, mfn_to_page(old));
    return 0;
}

static int new_user_base(struct mmuext_call *c)
{
    struct vcpu *v = current;
    bool none = c->op.arg1.mfn == 0;
    mfn_t mfn = none ? INVALID_MFN : _mfn(c->op.arg1.mfn);
    mfn_t old = v->arch.guest_table_user;
    int rc;

    if (none && mfn_eq(old, INVALID_MFN))
        return 0;
    if (!none && mfn_eq(mfn, old) && !mfn_eq(mfn, INVALID_MFN))
        return 0;
    if (!none) {
        rc = get_base(v->domain, mfn);
        if (rc)
            return rc;
    }
    v->arch.guest_table_user = mfn;
    xpti_forget();
    if (!mfn_eq(old, INVALID_MFN))
        (void)!put_table_preemptible(v, mfn_to_page(old));
    return 0;
}

static int tlb_flush_local(struct mmuext_call *c)
{
    (void)c;
    flush_local(FLUSH_TLB, 0);
    return 0;
}

static int invlpg_local(struct mmuext_call *c)
{
    if (guest_addr_ok(c->op.arg1.linear_addr))
        flush_local(FLUSH_TLB_PAGE, c->op.arg1.linear_addr);
    return 0;
}

static int flush_multi(struct mmuext_call *c, unsigned int what)
{
    u64 va = c->op.arg1.linear_addr;
    struct cpumask mask;

    if (what == FLUSH_TLB_PAGE && !guest_addr_ok(va))
        return 0;
    if (vcpumask_to_cpumask(current->domain, c->op.arg2.vcpumask, &mask))
        return hc_error(-EINVAL);
    flush_cpus(&mask, what, va);
    return 0;
}

static int tlb_flush_multi(struct mmuext_call *c)
{
    return flush_multi(c, FLUSH_TLB);
}

static int invlpg_multi(struct mmuext_call *c)
{
    return flush_multi(c, FLUSH_TLB_PAGE);
}

static int tlb_flush_all(struct mmuext_call *c)
{
    (void)c;
    flush_domain_tlb(current->domain);
    return 0;
}

static int invlpg_all(struct mmuext_call *c)
{
    if (guest_addr_ok(c->op.arg1.linear_addr))
        flush_cpus(&current->domain->dirty_cpumask, FLUSH_TLB_PAGE,
                   c->op.arg1.linear_addr);
    return 0;
}

static int flush_cache(struct mmuext_call *c)
{
    (void)c;
    if (!current->domain->arch.has_devices)
        return hc_error(-EACCES);
    flush_local(FLUSH_CACHE, 0);
    return 0;
}

static int flush_cache_global(struct mmuext_call *c)
{
    (void)c;
    if (!current->domain->arch.has_devices)
        return hc_error(-EACCES);
    flush_cpus(&cpu_online_map, FLUSH_CACHE, 0);
    return 0;
}

static int set_ldt(struct mmuext_call *c)
{
    return pv_set_ldt(current, c->op.arg1.linear_addr, c->op.arg2.nr_ents);
}

/* A frame of the owner that may be written as data. */
static struct page_info *get_writable(struct domain *d, unsigned long mfn)
{
    if (!mfn_valid(_mfn(mfn)) ||
        !page_get_and_type(mfn_to_page(_mfn(mfn)), d, PGT_writable))
        return NULL;
    return mfn_to_page(_mfn(mfn));
}

static int clear_page(struct mmuext_call *c)
{
    struct page_info *pg = get_writable(c->pg_owner, c->op.arg1.mfn);

    if (!pg)
        return hc_error(-EINVAL);
    memset(page_to_virt(pg), 0, PAGE_SIZE);
    page_put_and_type(pg);
    return 0;
}

static int copy_page(struct mmuext_call *c)
{
    mfn_t src = _mfn(c->op.arg2.src_mfn);
    struct page_info *dst;
    int rc = 0;

    if (!mfn_valid(src) || !page_get(mfn_to_page(src), c->pg_owner))
        return hc_error(-EINVAL);
    dst = get_writable(c->pg_owner, c->op.arg1.mfn);
    if (dst) {
        memcpy(page_to_virt(dst), mfn_to_virt(src), PAGE_SIZE);
        page_put_and_type(dst);
    } else {
        rc = hc_error(-EINVAL);
    }
    page_put(mfn_to_page(src));
    return rc;
}

static int refuse_super(struct mmuext_call *c)
{
    (void)c;
    return -EOPNOTSUPP;
}

/* Operations, and which of them may be about another domain's frames. */
static const struct {
    int (*fn)(struct mmuext_call *c);
    bool foreign;
} mmuext_ops[] = {
    [MMUEXT_PIN_L1_TABLE] = {pin_l1, true},
    [MMUEXT_PIN_L2_TABLE] = {pin_l2, true},
    [MMUEXT_PIN_L3_TABLE] = {pin_l3, true},
    [MMUEXT_PIN_L4_TABLE] = {pin_l4, true},
    [MMUEXT_UNPIN_TABLE] = {unpin, true},
    [MMUEXT_NEW_BASEPTR] = {new_base, false},
    [MMUEXT_TLB_FLUSH_LOCAL] = {tlb_flush_local, false},
    [MMUEXT_INVLPG_LOCAL] = {invlpg_local, false},
    [MMUEXT_TLB_FLUSH_MULTI] = {tlb_flush_multi, false},
    [MMUEXT_INVLPG_MULTI] = {invlpg_multi, false},
    [MMUEXT_TLB_FLUSH_ALL] = {tlb_flush_all, false},
    [MMUEXT_INVLPG_ALL] = {invlpg_all, false},
    [MMUEXT_FLUSH_CACHE] = {flush_cache, false},
    [MMUEXT_SET_LDT] = {set_ldt, false},
    [MMUEXT_NEW_USER_BASEPTR] = {new_user_base, false},
    [MMUEXT_CLEAR_PAGE] = {clear_page, true},
    [MMUEXT_COPY_PAGE] = {copy_page, true},
    [MMUEXT_FLUSH_CACHE_GLOBAL] = {flush_cache_global, false},
    [MMUEXT_MARK_SUPER] = {refuse_super, false},
    [MMUEXT_UNMARK_SUPER] = {refuse_super, false},
};

static int mmuext_one(struct mmuext_call *c)
{
    unsigned int cmd = c->op.cmd;

    if (cmd >= ARRAY_SIZE(mmuext_ops))
        return -ENOSYS;
    cmd = array_index_nospec(cmd, ARRAY_SIZE(mmuext_ops));
    if (!mmuext_ops[cmd].fn)
        return -ENOSYS;
    if (c->pg_owner != current->domain && !mmuext_ops[cmd].foreign)
        return hc_error(-EPERM);
    return mmuext_ops[cmd].fn(c);
}

/* Set *done. Returns 0 or -EFAULT. */
static int store_done(unsigned long pdone, unsigned long before,
                      unsigned long nr)
{
    u32 done = before + nr;

    return pdone ? copy_to_guest(pdone, &done, sizeof(done)) : 0;
}

long do_mmuext_op(unsigned long ops, unsigned long count, unsigned long pdone,
                  unsigned long foreigndom, unsigned long a4)
{
    struct vcpu *v = current;
    struct mmuext_call c;
    unsigned long i;
    u32 before = 0;
    long rc = 0;

    (void)a4;
    count = (u32)count;

    if (put_old_guest_table(v)) {
        hypercall_continue(ops, count, pdone, foreigndom, 0);
        return -ERESTART;
    }
    if (count & MMU_UPDATE_PREEMPTED) {
        count &= ~MMU_UPDATE_PREEMPTED;
        if (pdone && copy_from_guest(&before, pdone, sizeof(before)))
            return -EFAULT;
    }
    if (count > 1 && !guest_array_ok(ops, count, sizeof(c.op)))
        return -EFAULT;
    c.pg_owner = pg_owner_get(foreigndom & 0xffff);
    if (!c.pg_owner)
        return hc_error(pg_owner_error());

    for (i = 0; i < count; i++) {
        if (unlikely((i && hypercall_preempt_check()) ||
                     v->arch.old_guest_table)) {
            rc = -ERESTART;
            break;
        }
        rc = get_guest_words(&c.op, ops + i * sizeof(c.op), OP_WORDS);
        if (unlikely(rc))
            break;
        rc = mmuext_one(&c);
        if (unlikely(rc))
            break;
    }
    /* What the last operation left over is finished before the guest goes on.
     */
    if (!rc && v->arch.old_guest_table)
        rc = -ERESTART;
    pg_owner_put(c.pg_owner);

    if (store_done(pdone, before, i))
        return -EFAULT;
    if (rc == -ERESTART)
        hypercall_continue(ops + i * sizeof(c.op),
                           (count - i) | MMU_UPDATE_PREEMPTED, pdone,
                           foreigndom, 0);
    return rc;
}
