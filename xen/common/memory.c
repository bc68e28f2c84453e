/* SPDX-License-Identifier: MIT */
/*
 * memory_op: how much memory there is, and who has it. Operations on lists of
 * extents are in memory_reservation.c and memory_exchange.c, memory maps in
 * the architecture.
 */
#include "memory_internal.h"

#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/page_alloc.h"
#include "xen/subop.h"
#include "xen/vcpu.h"

#define MAX_ORDER_CONTROL 12
#define MAX_ORDER_GUEST   9

int memory_target(domid_t domid, struct domain **d_out)
{
    struct domain *d = domain_get_or_self(domid);

    if (d == NULL)
        return -ESRCH;
    if (!domain_controls(current->domain, d)) {
        domain_put(d);
        return -EPERM;
    }
    *d_out = d;
    return 0;
}

unsigned int memory_max_order(const struct domain *caller)
{
    return caller->is_control ? MAX_ORDER_CONTROL : MAX_ORDER_GUEST;
}

unsigned int memory_memflags(u32 mem_flags)
{
    return MEMF_bits(XENMEMF_get_address_bits(mem_flags));
}

/* Numbers that a caller gets as the result stay positive as an int too. */
static long clamped(unsigned long n)
{
    return min(n, 0xffffffffUL);
}

static unsigned long max_pages(const struct domain *d)
{
    return READ_ONCE(d->mem.max_pages);
}

static unsigned long tot_pages(const struct domain *d)
{
    return READ_ONCE(d->mem.tot_pages);
}

/* A guest says itself how large its p2m is. */
static unsigned long max_gpfn(const struct domain *d)
{
    unsigned long max_pfn = READ_ONCE(d->shared_info->arch.max_pfn);

    return max_pfn ? max_pfn - 1 : 0;
}

static long query_domain(const struct xen_memory_domain *arg,
                         unsigned long (*query)(const struct domain *d))
{
    struct domain *d;
    long rc = memory_target(arg->domid, &d);

    if (rc != 0)
        return hc_error(rc);
    rc = clamped(query(d));
    domain_put(d);
    return rc;
}

static long op_current_reservation(void *arg)
{
    return query_domain(arg, tot_pages);
}

static long op_maximum_reservation(void *arg)
{
    return query_domain(arg, max_pages);
}

static long op_maximum_gpfn(void *arg)
{
    return query_domain(arg, max_gpfn);
}

static long op_maximum_ram_page(void *arg)
{
    (void)arg;
    return max_page;
}

/* Pages are never shared copy-on-write. */
static long op_get_sharing(void *arg)
{
    (void)arg;
    return 0;
}

static long op_claim_pages(void *arg)
{
    const struct xen_memory_reservation *r = arg;
    struct domain *d;
    long rc;

    if (r->extent_start != 0 || r->extent_order != 0 || r->mem_flags != 0)
        return hc_error(-EINVAL);
    rc = memory_target(r->domid, &d);
    if (rc != 0)
        return hc_error(rc);
    rc = domain_claim_pages(d, r->nr_extents);
    domain_put(d);
    return rc;
}

/* Firmware reserves nothing for devices here. */
static long op_reserved_device_memory_map(void *arg)
{
    struct xen_reserved_device_memory_map *map = arg;

    map->nr_entries = 0;
    return 0;
}

static long op_get_vnumainfo(void *arg)
{
    (void)arg;
    return -EOPNOTSUPP;
}

/* clang-format off */
static const struct subop memory_ops[] = {
    SUBOP_NOARG(XENMEM_maximum_ram_page, op_maximum_ram_page, HC_ANY),
    SUBOP(XENMEM_current_reservation, op_current_reservation,
          struct xen_memory_domain, COPY_IN, HC_ANY),
    SUBOP(XENMEM_maximum_reservation, op_maximum_reservation,
          struct xen_memory_domain, COPY_IN, HC_ANY),
    SUBOP(XENMEM_maximum_gpfn, op_maximum_gpfn,
          struct xen_memory_domain, COPY_IN, HC_ANY),
    SUBOP_NOARG(XENMEM_get_sharing_freed_pages, op_get_sharing, HC_ANY),
    SUBOP_NOARG(XENMEM_get_sharing_shared_pages, op_get_sharing, HC_ANY),
    SUBOP(XENMEM_claim_pages, op_claim_pages,
          struct xen_memory_reservation, COPY_IN, HC_CONTROL),
    SUBOP_NOARG(XENMEM_get_vnumainfo, op_get_vnumainfo, HC_ANY),
    SUBOP(XENMEM_reserved_device_memory_map, op_reserved_device_memory_map,
          struct xen_reserved_device_memory_map, COPY_INOUT, HC_CONTROL),
};
/* clang-format on */

long do_memory_op(unsigned long cmd, unsigned long arg, unsigned long a2,
                  unsigned long a3, unsigned long a4)
{
    unsigned int op = cmd & MEMOP_CMD_MASK;
    unsigned long start = cmd >> MEMOP_EXTENT_SHIFT;

    (void)a2, (void)a3, (void)a4;
    switch (op) {
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return memory_reservation_op(op, arg, start);
    case XENMEM_exchange:
        return memory_exchange(arg);
    case XENMEM_acquire_resource:
        return memory_acquire_resource(arg, start);
    case XENMEM_machphys_mapping:
    case XENMEM_machphys_mfn_list:
    case XENMEM_memory_map:
    case XENMEM_machine_memory_map:
    case XENMEM_set_memory_map:
        return arch_memory_op(op, arg);
    default:
        return subop_call(memory_ops, ARRAY_SIZE(memory_ops), op, arg);
    }
}
