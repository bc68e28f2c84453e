/* SPDX-License-Identifier: MIT */
/* memory_op's memory maps: the host's, each domain's own, and the M2P. */
#include "xen/memory.h"

#include "public/memory.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/heap.h"
#include "xen/string.h"
#include "xen/subop.h"
#include "xen/vcpu.h"
#include "asm/acpi.h"
#include "asm/e820.h"
#include "asm/mm.h"

/* Entries that XENMEM_set_memory_map takes. */
#define MAX_GUEST_E820 128

/* Local APICs and messages for them. */
#define MSI_WINDOW_START 0xfee00000UL
#define MSI_WINDOW_SIZE  0x100000UL

/* Copy as many entries as the guest has room for, and tell it how many. */
static int map_to_guest(struct xen_memory_map *map,
                        const struct e820_entry *entry, unsigned int nr)
{
    map->nr_entries = min(map->nr_entries, nr);
    if (copy_to_guest(map->buffer, entry, map->nr_entries * sizeof(*entry)) !=
        0)
        return -EFAULT;
    return 0;
}

static long op_memory_map(void *arg)
{
    struct xen_memory_map *map = arg;
    struct domain *d = current->domain;
    struct e820_entry *copy;
    unsigned int nr;
    long rc = -ENOSYS;

    copy = xzalloc_array(struct e820_entry, MAX_GUEST_E820);
    if (copy == NULL)
        return -ENOMEM;
    spin_lock(&d->lock);
    nr = d->arch.nr_e820;
    if (nr > 0)
        memcpy(copy, d->arch.e820, nr * sizeof(*copy));
    spin_unlock(&d->lock);
    if (nr > 0)
        rc = map_to_guest(map, copy, nr);
    xfree(copy);
    return rc;
}

static void set_map(struct domain *d, struct e820_entry *entry, unsigned int nr)
{
    struct e820_entry *old;

    spin_lock(&d->lock);
    old = d->arch.e820;
    d->arch.e820 = entry;
    d->arch.nr_e820 = nr;
    spin_unlock(&d->lock);
    xfree(old);
}

static long op_set_memory_map(void *arg)
{
    const struct xen_foreign_memory_map *fmap = arg;
    unsigned int nr = fmap->map.nr_entries;
    struct e820_entry *entry;
    struct domain *d;
    long rc;

    if (nr > MAX_GUEST_E820)
        return hc_error(-EINVAL);
    rc = memory_target(fmap->domid, &d);
    if (rc != 0)
        return hc_error(rc);
    rc = -ENOMEM;
    entry = xzalloc_array(struct e820_entry, nr);
    if (entry == NULL)
        goto put_domain;
    rc = copy_from_guest(entry, fmap->map.buffer, nr * sizeof(*entry));
    if (rc == 0)
        set_map(d, entry, nr);
    else
        xfree(entry);
put_domain:
    domain_put(d);
    return rc;
}

/* The host's map, with what dom0 may not use taken out: interrupt controllers
 * belong to the hypervisor. */
struct map_work {
    struct e820_entry raw[E820_MAX + ACPI_MAX_IOAPICS + 1];
    struct e820_map out;
};

static void build_machine_map(struct map_work *w)
{
    unsigned int nr = e820.nr;

    memcpy(w->raw, e820.entry, nr * sizeof(w->raw[0]));
    w->raw[nr++] =
        (struct e820_entry){MSI_WINDOW_START, MSI_WINDOW_SIZE, E820_RESERVED};
    for (unsigned int i = 0; i < acpi.nr_ioapics; i++)
        w->raw[nr++] = (struct e820_entry){acpi.ioapic[i].address, PAGE_SIZE,
                                           E820_RESERVED};
    e820_normalize(w->raw, nr, &w->out);
}

static long op_machine_memory_map(void *arg)
{
    struct map_work *w = xzalloc(struct map_work);
    struct xen_memory_map *map = arg;
    long rc;

    if (w == NULL)
        return -ENOMEM;
    build_machine_map(w);
    rc = -EINVAL; /* half a map would hide devices */
    if (map->nr_entries >= w->out.nr)
        rc = map_to_guest(map, w->out.entry, w->out.nr);
    xfree(w);
    return rc;
}

static long op_machphys_mapping(void *arg)
{
    struct xen_machphys_mapping *m = arg;

    m->v_start = MACH2PHYS_VIRT_START;
    m->v_end = MACH2PHYS_VIRT_END;
    m->max_mfn = MACH2PHYS_NR_ENTRIES - 1;
    return 0;
}

/* A chunk that no RAM needs is told as the one before it: a caller maps all. */
static long op_machphys_mfn_list(void *arg)
{
    struct xen_machphys_mfn_list *list = arg;
    unsigned long nr = min((unsigned long)list->max_extents, m2p_nr_chunks());
    xen_pfn_t frame = 0;

    list->nr_extents = 0;
    for (unsigned long i = 0; i < nr; i++) {
        mfn_t mfn = m2p_chunk(i);

        if (!mfn_eq(mfn, INVALID_MFN))
            frame = mfn_x(mfn);
        if (copy_to_guest_index(list->extent_start, i, &frame) != 0)
            return -EFAULT;
        list->nr_extents++;
    }
    return 0;
}

/* clang-format off */
static const struct subop map_ops[] = {
    SUBOP(XENMEM_memory_map, op_memory_map,
          struct xen_memory_map, COPY_INOUT, HC_ANY),
    SUBOP(XENMEM_machine_memory_map, op_machine_memory_map,
          struct xen_memory_map, COPY_INOUT, HC_HARDWARE),
    SUBOP(XENMEM_set_memory_map, op_set_memory_map,
          struct xen_foreign_memory_map, COPY_IN, HC_CONTROL),
    SUBOP(XENMEM_machphys_mapping, op_machphys_mapping,
          struct xen_machphys_mapping, COPY_OUT, HC_ANY),
    SUBOP(XENMEM_machphys_mfn_list, op_machphys_mfn_list,
          struct xen_machphys_mfn_list, COPY_INOUT, HC_CONTROL),
};
/* clang-format on */

long arch_memory_op(unsigned int op, u64 arg)
{
    return subop_call(map_ops, ARRAY_SIZE(map_ops), op, arg);
}
