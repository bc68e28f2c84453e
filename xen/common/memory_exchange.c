/* SPDX-License-Identifier: MIT */
/*
 * XENMEM_exchange: frames for frames.
 *
 * Work goes by chunks: the larger of an input and an output extent, and as many
 * of the smaller ones as make it up. A chunk is done entirely or not at all:
 *   1. take the input frames off the domain; all must be its own and unused
 *   2. allocate the output, enter the new pfns into the M2P
 *   3. tell the guest the new frames; this may still fault
 *   4. free the input, make the output the domain's
 * Until 4 the frames of 1 can go back. The domain's count of pages does not
 * change meanwhile, so neither way can fail on a limit.
 */
#include "memory_internal.h"

#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/hypercall.h"
#include "xen/page_alloc.h"
#include "xen/softirq.h"
#include "xen/vcpu.h"

struct exchange {
    struct xen_memory_exchange args;
    struct domain *d;
    unsigned int in_per_chunk, out_per_chunk; /* extents, as an order */
    /* The chunk in work: */
    struct page_list in;  /* single frames */
    struct page_list out; /* first frames of extents */
    unsigned long nr_in;  /* frames on `in` */
};

static int chunk_take_in(struct exchange *x, unsigned long chunk)
{
    const struct xen_memory_reservation *in = &x->args.in;
    unsigned long first = chunk << x->in_per_chunk;

    for (unsigned long i = 0; i < (1UL << x->in_per_chunk); i++) {
        xen_pfn_t mfn;

        if (copy_from_guest_index(&mfn, in->extent_start, first + i) != 0)
            return -EFAULT;
        for (unsigned long j = 0; j < (1UL << in->extent_order); j++) {
            struct page_info *pg;
            int rc;

            if (!mfn_valid(_mfn(mfn + j)))
                return -EINVAL;
            pg = mfn_to_page(_mfn(mfn + j));
            rc = page_steal(x->d, pg);
            if (rc != 0)
                return rc;
            page_list_add_tail(pg, &x->in);
            x->nr_in++;
        }
    }
    return 0;
}

static void set_pfns(const struct page_info *pg, unsigned int order,
                     xen_pfn_t pfn)
{
    for (unsigned long j = 0; j < (1UL << order); j++)
        m2p_set(mfn_add(page_to_mfn(pg), j), _pfn(pfn + j));
}

static void clear_pfns(const struct page_info *pg, unsigned int order)
{
    for (unsigned long j = 0; j < (1UL << order); j++)
        m2p_set(mfn_add(page_to_mfn(pg), j), INVALID_PFN);
}

static int chunk_get_out(struct exchange *x, unsigned long chunk)
{
    const struct xen_memory_reservation *out = &x->args.out;
    unsigned long first = chunk << x->out_per_chunk;

    for (unsigned long i = 0; i < (1UL << x->out_per_chunk); i++) {
        struct page_info *pg;
        xen_pfn_t pfn, mfn;

        if (copy_from_guest_index(&pfn, out->extent_start, first + i) != 0)
            return -EFAULT;
        pg = alloc_domheap_pages(NULL, out->extent_order,
                                 memory_memflags(out->mem_flags));
        if (pg == NULL)
            return -ENOMEM;
        page_list_add_tail(pg, &x->out);
        set_pfns(pg, out->extent_order, pfn);
        mfn = mfn_x(page_to_mfn(pg));
        if (copy_to_guest_index(out->extent_start, first + i, &mfn) != 0)
            return -EFAULT;
    }
    return 0;
}

static struct page_info *list_take(struct page_list *list)
{
    struct page_info *pg = page_list_first(list);

    if (pg != NULL)
        page_list_del(pg, list);
    return pg;
}

static void chunk_free_out(struct exchange *x)
{
    unsigned int order = x->args.out.extent_order;
    struct page_info *pg;

    while ((pg = list_take(&x->out)) != NULL) {
        clear_pfns(pg, order);
        free_domheap_pages(pg, order);
    }
}

static void chunk_free_in(struct exchange *x)
{
    struct page_info *pg;

    while ((pg = list_take(&x->in)) != NULL) {
        clear_pfns(pg, 0);
        free_domheap_pages(pg, 0);
    }
}

/* Nothing happened. A domain that is dying by now does without the frames. */
static void chunk_undo(struct exchange *x)
{
    unsigned long lost = 0;
    struct page_info *pg;

    chunk_free_out(x);
    while ((pg = list_take(&x->in)) != NULL)
        if (assign_pages(x->d, pg, 0, MEMF_no_refcount) != 0) {
            clear_pfns(pg, 0);
            free_domheap_pages(pg, 0);
            lost++;
        }
    page_forget_stolen(x->d, lost);
}

/* Returns -EINVAL if the domain is dying by now and lost the frames. */
static int chunk_commit(struct exchange *x)
{
    unsigned int order = x->args.out.extent_order;
    unsigned long missing = x->nr_in;
    struct page_info *pg;

    chunk_free_in(x);
    while ((pg = page_list_first(&x->out)) != NULL) {
        page_list_del(pg, &x->out);
        if (assign_pages(x->d, pg, order, MEMF_no_refcount) != 0) {
            page_list_add(pg, &x->out);
            break;
        }
        missing -= 1UL << order;
    }
    chunk_free_out(x);
    page_forget_stolen(x->d, missing);
    return missing == 0 ? 0 : -EINVAL;
}

static int do_chunk(struct exchange *x, unsigned long chunk)
{
    int rc;

    x->nr_in = 0;
    rc = chunk_take_in(x, chunk);
    if (rc == 0)
        rc = chunk_get_out(x, chunk);
    if (rc != 0) {
        chunk_undo(x);
        return rc;
    }
    return chunk_commit(x);
}

static bool amounts_match(const struct xen_memory_exchange *e)
{
    unsigned int in = e->in.extent_order, out = e->out.extent_order;
    unsigned int per_chunk = out > in ? out - in : 0;

    return e->in.nr_extents <= ~0UL >> in && e->out.nr_extents <= ~0UL >> out &&
           e->in.nr_extents << in == e->out.nr_extents << out &&
           e->nr_exchanged <= e->in.nr_extents &&
           (e->nr_exchanged & ((1UL << per_chunk) - 1)) == 0;
}

static int exchange_check(struct exchange *x)
{
    const struct xen_memory_exchange *e = &x->args;
    unsigned int in = e->in.extent_order, out = e->out.extent_order;

    if (max(in, out) > memory_max_order(current->domain))
        return -EPERM;
    if (!amounts_match(e) || e->in.domid != e->out.domid)
        return -EINVAL;
    if (!guest_array_ok(e->in.extent_start, e->in.nr_extents,
                        sizeof(xen_pfn_t)) ||
        !guest_array_ok(e->out.extent_start, e->out.nr_extents,
                        sizeof(xen_pfn_t)))
        return -EFAULT;
    x->in_per_chunk = out > in ? out - in : 0;
    x->out_per_chunk = in > out ? in - out : 0;
    return memory_target(e->in.domid, &x->d);
}

long memory_exchange(u64 arg)
{
    struct exchange x = {0};
    u64 field = arg + offsetof(struct xen_memory_exchange, nr_exchanged);
    unsigned long chunk, nr_chunks;
    long rc;

    if (copy_from_guest(&x.args, arg, sizeof(x.args)) != 0)
        return hc_error(-EFAULT);
    rc = exchange_check(&x);
    if (rc != 0)
        return hc_error(rc);
    chunk = x.args.nr_exchanged >> x.in_per_chunk;
    nr_chunks = x.args.in.nr_extents >> x.in_per_chunk;
    while (chunk < nr_chunks && rc == 0) {
        rc = do_chunk(&x, chunk);
        if (rc == 0 && ++chunk < nr_chunks && hypercall_preempt_check())
            rc = -ERESTART;
    }
    domain_put(x.d);
    x.args.nr_exchanged = chunk << x.in_per_chunk;
    if (copy_to_guest(field, &x.args.nr_exchanged,
                      sizeof(x.args.nr_exchanged)) != 0)
        return hc_error(-EFAULT);
    if (rc == -ERESTART)
        hypercall_continue(XENMEM_exchange, arg, 0, 0, 0);
    return rc;
}
