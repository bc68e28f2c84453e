/* SPDX-License-Identifier: MIT */
/*
 * Mapping of other domains' grants, and the maptrack that remembers them.
 *
 * A maptrack entry stands for one pin of the granted entry and one reference to
 * the granting domain. Its flags say whether it is mapped for the host, for
 * devices, or both. Unmapping first turns such a flag into GNTTAB_UNMAPPING(),
 * so that of two vcpus only one does the work; when neither kind of flag is
 * left, the handle is free.
 */
#include "gnttab_internal.h"

#include "xen/errno.h"
#include "xen/heap.h"
#include "xen/softirq.h"
#include "xen/vcpu.h"
#include "asm/smp.h"

#define RELEASE_AT_ONCE 64

/* Chain the handles of a new frame. */
static void maptrack_add_frame_locked(struct gnttab *gt,
                                      struct gnttab_maptrack *frame)
{
    u32 first = gt->nr_maptrack_frames * MAPTRACK_PER_FRAME;

    ASSERT_LOCKED(&gt->maptrack_lock);
    gt->maptrack[gt->nr_maptrack_frames++] = frame;
    for (unsigned int i = 0; i < MAPTRACK_PER_FRAME; i++)
        frame[i].ref = first + i + 1;
    frame[MAPTRACK_PER_FRAME - 1].ref = gt->free_handle;
    gt->free_handle = first;
}

/* One more frame of handles, if the domain may have it. */
static void maptrack_grow(struct gnttab *gt)
{
    struct gnttab_maptrack **array = NULL, *frame;

    frame = xmalloc_bytes(PAGE_SIZE);
    if (READ_ONCE(gt->maptrack) == NULL)
        array =
            xzalloc_array(struct gnttab_maptrack *, gt->max_maptrack_frames);
    spin_lock(&gt->maptrack_lock);
    if (gt->maptrack == NULL && array != NULL) {
        gt->maptrack = array;
        array = NULL;
    }
    if (gt->maptrack != NULL && frame != NULL &&
        gt->nr_maptrack_frames < gt->max_maptrack_frames) {
        maptrack_add_frame_locked(gt, frame);
        frame = NULL;
    }
    spin_unlock(&gt->maptrack_lock);
    xfree(array);
    xfree(frame);
}

static u32 maptrack_take(struct gnttab *gt)
{
    u32 handle;

    spin_lock(&gt->maptrack_lock);
    handle = gt->free_handle;
    if (handle != NO_HANDLE) {
        gt->free_handle = gnttab_maptrack(gt, handle)->ref;
        gt->nr_maps++;
    }
    spin_unlock(&gt->maptrack_lock);
    return handle;
}

static u32 maptrack_get(struct gnttab *gt)
{
    u32 handle = maptrack_take(gt);

    if (handle == NO_HANDLE && gt->max_maptrack_frames > 0) {
        maptrack_grow(gt);
        handle = maptrack_take(gt);
    }
    return handle;
}

static void maptrack_put_locked(struct gnttab *gt, u32 handle)
{
    struct gnttab_maptrack *map = gnttab_maptrack(gt, handle);

    ASSERT_LOCKED(&gt->maptrack_lock);
    map->flags = 0;
    map->ref = gt->free_handle;
    gt->free_handle = handle;
    gt->nr_maps--;
}

static void maptrack_put(struct gnttab *gt, u32 handle)
{
    spin_lock(&gt->maptrack_lock);
    maptrack_put_locked(gt, handle);
    spin_unlock(&gt->maptrack_lock);
}

/* The mapping exists from now on. */
static void maptrack_fill(struct gnttab *gt, u32 handle,
                          const struct grant_pin *pin, u32 flags)
{
    struct gnttab_maptrack *map;

    spin_lock(&gt->maptrack_lock);
    map = gnttab_maptrack(gt, handle);
    map->ref = pin->ref;
    map->rd = pin->rd;
    map->flags = flags & GNTTAB_TRACKED;
    spin_unlock(&gt->maptrack_lock);
}

/* Pin, place the entry, and write it down. The caller's reference to rd stays
 * with the mapping. */
static int map_one(struct gnttab_map_grant_ref *op, struct domain *rd)
{
    struct domain *d = current->domain;
    bool readonly = op->flags & GNTMAP_readonly;
    u32 handle = maptrack_get(d->gnttab);
    struct grant_pin pin;
    mfn_t mfn;
    int rc;

    if (handle == NO_HANDLE)
        return GNTST_no_space;
    rc = gnttab_pin(rd, op->ref, d->domain_id, readonly, false, &pin);
    if (rc != GNTST_okay)
        goto put_handle;
    mfn = page_to_mfn(pin.pg);
    if (op->flags & GNTMAP_host_map) {
        rc = arch_grant_map(op->host_addr, mfn, op->flags);
        if (rc != GNTST_okay)
            goto unpin;
    }
    maptrack_fill(d->gnttab, handle, &pin, op->flags);
    op->handle = handle;
    op->dev_bus_addr = mfn_to_maddr(mfn);
    return GNTST_okay;

unpin:
    gnttab_unpin(rd, pin.ref, readonly);
put_handle:
    maptrack_put(d->gnttab, handle);
    return rc;
}

long gnttab_op_map(void *ops, unsigned int nr)
{
    struct gnttab_map_grant_ref *op = ops;
    struct domain *rd;

    (void)nr;
    if (!(op->flags & GNTTAB_MAPPED)) {
        op->status = GNTST_bad_gntref;
        return 0;
    }
    rd = domain_get(op->dom);
    if (rd == NULL) {
        op->status = GNTST_bad_domain;
        return 0;
    }
    op->status = map_one(op, rd);
    if (op->status != GNTST_okay)
        domain_put(rd);
    return 0;
}

/* One mapping on its way out. */
struct unmap {
    u64 host_addr, dev_bus_addr, new_addr;
    u32 handle;
    s16 status;
    bool done; /* nothing more to do than what needs flushed TLBs */
    struct gnttab_maptrack map; /* as it was */
    u16 taken;                  /* the flags this unmapping is about */
};

static void begin_locked(struct gnttab_maptrack *map, struct unmap *u,
                         u16 flags)
{
    u->taken = map->flags & flags;
    u->map = *map;
    map->flags = (map->flags & ~u->taken) | GNTTAB_UNMAPPING(u->taken);
}

/* Take the flags that are to go out of the maptrack entry. */
static int take_flags(struct gnttab *gt, struct unmap *u)
{
    u16 wanted = (u->host_addr ? GNTMAP_host_map : 0) |
                 (u->dev_bus_addr ? GNTMAP_device_map : 0);
    int rc = GNTST_bad_handle;
    unsigned int nr;

    spin_lock(&gt->maptrack_lock);
    nr = gt->nr_maptrack_frames * MAPTRACK_PER_FRAME;
    if (u->handle < nr) {
        struct gnttab_maptrack *map;

        u->handle = array_index_nospec(u->handle, nr);
        map = gnttab_maptrack(gt, u->handle);
        if (map->flags & GNTTAB_MAPPED) {
            begin_locked(map, u, wanted);
            rc = u->taken ? GNTST_okay : GNTST_bad_virt_addr;
        }
    }
    spin_unlock(&gt->maptrack_lock);
    return rc;
}

static void give_flags_back(struct gnttab *gt, const struct unmap *u)
{
    struct gnttab_maptrack *map;

    spin_lock(&gt->maptrack_lock);
    map = gnttab_maptrack(gt, u->handle);
    map->flags = (map->flags & ~GNTTAB_UNMAPPING(u->taken)) | u->taken;
    spin_unlock(&gt->maptrack_lock);
}

/* The mapping's frame: pinned, so it does not change. */
static mfn_t mapped_frame(struct domain *rd, grant_ref_t ref)
{
    mfn_t mfn;

    spin_lock(&rd->gnttab->lock);
    mfn = _mfn(gnttab_active(rd->gnttab, ref)->frame);
    spin_unlock(&rd->gnttab->lock);
    return mfn;
}

/* All but what has to wait for the TLB flush. */
static void unmap_begin(struct domain *d, struct unmap *u)
{
    mfn_t mfn;

    u->status = take_flags(d->gnttab, u);
    if (u->status != GNTST_okay)
        return;
    mfn = mapped_frame(u->map.rd, u->map.ref);
    if ((u->taken & GNTMAP_device_map) &&
        !mfn_eq(maddr_to_mfn(u->dev_bus_addr), mfn))
        u->status = GNTST_bad_dev_addr;
    else if (u->taken & GNTMAP_host_map)
        u->status = arch_grant_unmap(u->host_addr, mfn, u->new_addr,
                                     u->map.flags & GNTTAB_TRACKED);
    if (u->status != GNTST_okay)
        give_flags_back(d->gnttab, u);
    u->done = u->status == GNTST_okay;
}

static void unmap_end(struct domain *d, const struct unmap *u)
{
    struct gnttab *gt = d->gnttab;
    struct gnttab_maptrack *map;
    bool last;

    spin_lock(&gt->maptrack_lock);
    map = gnttab_maptrack(gt, u->handle);
    map->flags &= ~GNTTAB_UNMAPPING(u->taken);
    last = !(map->flags & (GNTTAB_MAPPED | GNTTAB_UNMAPPING(GNTTAB_MAPPED)));
    if (last)
        maptrack_put_locked(gt, u->handle);
    spin_unlock(&gt->maptrack_lock);
    if (!last)
        return;
    gnttab_unpin(u->map.rd, u->map.ref, u->map.flags & GNTMAP_readonly);
    domain_put(u->map.rd);
}

static void flush_unmapped(const struct domain *d)
{
    struct cpumask mask = d->dirty_cpumask;

    if (!cpumask_empty(&mask))
        flush_cpus(&mask, FLUSH_TLB, 0);
}

static void unmap_batch(struct unmap *u, unsigned int nr)
{
    struct domain *d = current->domain;
    bool flush = false;

    for (unsigned int i = 0; i < nr; i++) {
        unmap_begin(d, &u[i]);
        flush |= u[i].done && (u[i].taken & GNTMAP_host_map);
    }
    if (flush)
        flush_unmapped(d);
    for (unsigned int i = 0; i < nr; i++)
        if (u[i].done)
            unmap_end(d, &u[i]);
}

long gnttab_op_unmap(void *ops, unsigned int nr)
{
    struct gnttab_unmap_grant_ref *op = ops;
    struct unmap u[GNTTAB_UNMAP_BATCH];

    for (unsigned int i = 0; i < nr; i++)
        u[i] = (struct unmap){.host_addr = op[i].host_addr,
                              .dev_bus_addr = op[i].dev_bus_addr,
                              .handle = op[i].handle};
    unmap_batch(u, nr);
    for (unsigned int i = 0; i < nr; i++)
        op[i].status = u[i].status;
    return 0;
}

long gnttab_op_unmap_and_replace(void *ops, unsigned int nr)
{
    struct gnttab_unmap_and_replace *op = ops;
    struct unmap u[GNTTAB_UNMAP_BATCH];

    for (unsigned int i = 0; i < nr; i++)
        u[i] = (struct unmap){.host_addr = op[i].new_addr ? op[i].host_addr : 0,
                              .new_addr = op[i].new_addr,
                              .handle = op[i].handle};
    unmap_batch(u, nr);
    for (unsigned int i = 0; i < nr; i++)
        op[i].status = u[i].status;
    return 0;
}

/* The next mapping of a domain that is going away, without its flags. */
static bool take_next(struct gnttab *gt, struct unmap *u)
{
    u32 end = gt->nr_maptrack_frames * MAPTRACK_PER_FRAME;
    bool found = false;

    spin_lock(&gt->maptrack_lock);
    for (; gt->nr_released < end && gt->nr_maps > 0 && !found;
         gt->nr_released++) {
        struct gnttab_maptrack *map = gnttab_maptrack(gt, gt->nr_released);

        if (!(map->flags & GNTTAB_MAPPED))
            continue;
        u->handle = gt->nr_released;
        begin_locked(map, u, GNTTAB_MAPPED);
        found = true;
    }
    spin_unlock(&gt->maptrack_lock);
    return found;
}

/* Its page-table entries go with the page tables; no vcpu runs any more. */
int gnttab_release_mappings(struct domain *d)
{
    unsigned int done = 0;
    struct unmap u;

    if (d->gnttab == NULL)
        return 0;
    while (take_next(d->gnttab, &u)) {
        unmap_end(d, &u);
        if (++done % RELEASE_AT_ONCE == 0 && hypercall_preempt_check())
            return -ERESTART;
    }
    return 0;
}
