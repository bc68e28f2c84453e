/* SPDX-License-Identifier: MIT */
/* The memory_op hypercall; see memory.h. */
#include "lib/memory.h"

#include <errno.h>
#include <string.h>

#include "lib/hypercall.h"

/* A question without arguments. */
static int count_read(struct privcmd *p, unsigned int cmd, const char *what,
                      uint64_t *count_out, struct error **err_out)
{
    int64_t rc = privcmd_call(p, __HYPERVISOR_memory_op, cmd, 0, 0, 0, 0);

    if (rc < 0 && rc != -ENOSYS && rc != -EOPNOTSUPP)
        return privcmd_fail(err_out, rc, what);
    *count_out = rc < 0 ? 0 : (uint64_t)rc;
    return 0;
}

int memory_sharing(struct privcmd *p, uint64_t *freed_out, uint64_t *used_out,
                   struct error **err_out)
{
    int rc =
        count_read(p, XENMEM_get_sharing_freed_pages,
                   "memory_op get_sharing_freed_pages", freed_out, err_out);

    return rc ? rc
              : count_read(p, XENMEM_get_sharing_shared_pages,
                           "memory_op get_sharing_shared_pages", used_out,
                           err_out);
}

int memory_claim(struct privcmd *p, domid_t domid, uint64_t nr_pages,
                 struct error **err_out)
{
    size_t mark = privcmd_mark(p);
    struct xen_memory_reservation *r = privcmd_buffer(p, sizeof(*r));
    int64_t rc;

    if (!r)
        return buffer_fail(err_out);
    r->domid = domid;
    r->nr_extents = nr_pages;
    rc = privcmd_call(p, __HYPERVISOR_memory_op, XENMEM_claim_pages,
                      (uintptr_t)r, 0, 0, 0);
    privcmd_release(p, mark);
    if (rc == -ENOMEM)
        return error_set(err_out, ERROR_HOST_MEMORY, -ENOMEM,
                         "the host does not have %llu MiB of free memory",
                         (unsigned long long)nr_pages >> 8);
    return rc < 0 ? privcmd_fail(err_out, rc, "memory_op claim_pages") : 0;
}

#define BIG_ORDER  9 /* 2 MiB */
#define BIG_FRAMES (1u << BIG_ORDER)

int64_t memory_populate_blocks(struct privcmd *p, domid_t domid,
                               uint64_t *blocks, size_t nr, unsigned int order)
{
    size_t mark = privcmd_mark(p);
    struct xen_memory_reservation *r = privcmd_buffer(p, sizeof(*r));
    uint64_t *extent = privcmd_buffer(p, nr * sizeof(*extent));
    int64_t got = -ENOMEM;

    if (r && extent) {
        memcpy(extent, blocks, nr * sizeof(*extent));
        r->extent_start = (uintptr_t)extent;
        r->nr_extents = nr;
        r->extent_order = order;
        r->domid = domid;
        got = privcmd_call(p, __HYPERVISOR_memory_op, XENMEM_populate_physmap,
                           (uintptr_t)r, 0, 0, 0);
    }
    if (got > 0)
        memcpy(blocks, extent, (size_t)got * sizeof(*extent));
    privcmd_release(p, mark);
    return got;
}

/*
 * Ask for up to `nr` extents of pfns from `first` on; returns how many came, or
 * -errno without an error.
 */
static int64_t extents_get(struct privcmd *p, domid_t domid, uint64_t *mfns,
                           uint64_t first, uint64_t nr, unsigned int order)
{
    uint64_t block[MEMORY_BLOCKS], i, j;
    int64_t got;

    if (nr > MEMORY_BLOCKS)
        nr = MEMORY_BLOCKS;
    for (i = 0; i < nr; i++)
        block[i] = first + (i << order);
    got = memory_populate_blocks(p, domid, block, nr, order);
    for (i = 0; got > 0 && i < (uint64_t)got; i++)
        for (j = 0; j < 1u << order; j++)
            mfns[first + (i << order) + j] = block[i] + j;
    return got;
}

int memory_populate(struct privcmd *p, domid_t domid, uint64_t *mfns,
                    uint64_t nr, struct error **err_out)
{
    uint64_t done = 0;
    int64_t got = 1;

    /* Large blocks as long as there are any: they take fewer steps. */
    while (got > 0 && nr - done >= BIG_FRAMES) {
        got = extents_get(p, domid, mfns, done, (nr - done) / BIG_FRAMES,
                          BIG_ORDER);
        done += got > 0 ? (uint64_t)got * BIG_FRAMES : 0;
    }
    for (got = 1; got > 0 && done<nr; done += got> 0 ? (uint64_t)got : 0)
        got = extents_get(p, domid, mfns, done, nr - done, 0);
    if (done == nr)
        return 0;
    if (got < 0 && got != -ENOMEM)
        return privcmd_fail(err_out, got, "memory_op populate_physmap");
    return error_set(err_out, ERROR_HOST_MEMORY, -ENOMEM,
                     "only %llu of %llu MiB of memory could be had",
                     (unsigned long long)done >> 8,
                     (unsigned long long)nr >> 8);
}

int memory_set_map(struct privcmd *p, domid_t domid, uint64_t bytes,
                   struct error **err_out)
{
    struct {
        uint64_t start, size;
        uint32_t type;
    } __attribute__((packed)) ram = {.size = bytes, .type = 1}, *entry;
    size_t mark = privcmd_mark(p);
    struct xen_foreign_memory_map *map = privcmd_buffer(p, sizeof(*map));
    int64_t rc;

    entry = privcmd_buffer(p, sizeof(*entry));
    if (!map || !entry) {
        privcmd_release(p, mark);
        return buffer_fail(err_out);
    }
    *entry = ram;
    map->domid = domid;
    map->map.nr_entries = 1;
    map->map.buffer = (uintptr_t)entry;
    rc = privcmd_call(p, __HYPERVISOR_memory_op, XENMEM_set_memory_map,
                      (uintptr_t)map, 0, 0, 0);
    privcmd_release(p, mark);
    return rc < 0 ? privcmd_fail(err_out, rc, "memory_op set_memory_map") : 0;
}
