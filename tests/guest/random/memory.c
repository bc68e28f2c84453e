/* SPDX-License-Identifier: MIT */
/* Frames given back, taken, exchanged. */
#include "random.h"

#define MAX_EXTENTS 4

static void init(struct xen_memory_reservation *res, uint64_t *list,
                 unsigned int nr)
{
    res->extent_start = (uint64_t)list;
    res->nr_extents = nr;
    res->domid = DOMID_SELF;
}

/* Some of the frames may lose their own mapping first. */
static void unmap_some(struct actor *a, unsigned int i)
{
    if (!one_in(a, 3))
        now(a, __HYPERVISOR_update_va_mapping, world.play[i], 0,
            UVMF_INVLPG | UVMF_ALL);
}

/* The control domain needs the frames around: it maps its guests there. */
static void make_odd(struct actor *a, struct xen_memory_reservation *res)
{
    switch (below(a, 24)) {
    case 0:
        res->extent_order = a->slot == 0 ? 0 : below(a, 12);
        break;
    case 1:
        res->domid = any_domid(a);
        break;
    case 2:
        res->mem_flags = (uint32_t)any_number(a);
        break;
    case 3:
        res->nr_extents = one_in(a, 2) ? below(a, 64) : ~0UL >> below(a, 4);
        break;
    default:
        break;
    }
}

void step_reservation(struct actor *a)
{
    struct xen_memory_reservation *res = new_arg(a);
    uint64_t *list = new_arg(a);
    unsigned int nr = 1 + below(a, MAX_EXTENTS), at[MAX_EXTENTS];
    bool give = one_in(a, 2);
    long done;

    for (unsigned int i = 0; i < nr; i++) {
        at[i] = any_play(a);
        list[i] = give ? world.frame[at[i]] : va_to_pfn(world.play[at[i]]);
        if (give)
            unmap_some(a, at[i]);
    }
    init(res, list, nr);
    make_odd(a, res);
    done = now(a, __HYPERVISOR_memory_op,
               give ? XENMEM_decrease_reservation : XENMEM_populate_physmap,
               any_place(a, res));
    for (unsigned int i = 0; !give && i < nr && (long)i < done; i++)
        world.frame[at[i]] = list[i];
}

void step_exchange(struct actor *a)
{
    struct xen_memory_exchange *op = new_arg(a);
    uint64_t *in = new_arg(a), *out = new_arg(a);
    unsigned int nr = 1 + below(a, MAX_EXTENTS), at[MAX_EXTENTS];

    for (unsigned int i = 0; i < nr; i++) {
        at[i] = any_play(a);
        in[i] = world.frame[at[i]];
        out[i] = va_to_pfn(world.play[at[i]]);
        unmap_some(a, at[i]);
    }
    init(&op->in, in, nr);
    init(&op->out, one_in(a, 16) ? in : out, nr);
    if (one_in(a, 8)) {
        op->out.extent_order = 1;
        op->out.nr_extents = nr / 2;
    }
    make_odd(a, &op->in);
    make_odd(a, &op->out);
    if (one_in(a, 32))
        op->nr_exchanged = any_number(a);
    if (now(a, __HYPERVISOR_memory_op, XENMEM_exchange, any_place(a, op)))
        return;
    for (unsigned int i = 0; i < nr; i++)
        world.frame[at[i]] = op->out.extent_order ? out[i / 2] + i % 2 : out[i];
}

void step_memory_query(struct actor *a)
{
    static const uint8_t cmds[] = {
        XENMEM_maximum_ram_page,    XENMEM_current_reservation,
        XENMEM_maximum_reservation, XENMEM_maximum_gpfn,
        XENMEM_machphys_mapping,    XENMEM_memory_map,
        XENMEM_machphys_mfn_list,   XENMEM_get_sharing_freed_pages,
        XENMEM_add_to_physmap,      XENMEM_get_vnumainfo,
    };
    uint64_t *arg = new_arg(a);

    if (one_in(a, 4)) {
        struct xen_mem_acquire_resource *op = (void *)arg;

        op->domid = any_domid(a);
        op->type = below(a, 3);
        op->id = below(a, 3);
        op->frame = one_in(a, 4) ? any_number(a) : below(a, 3);
        op->nr_frames = one_in(a, 8) ? (uint32_t)any_number(a) : below(a, 3);
        op->frame_list = (uint64_t)any_place(a, new_arg(a));
        later(a, __HYPERVISOR_memory_op, XENMEM_acquire_resource, arg);
        return;
    }
    arg[0] = any_domid(a);
    arg[1] = (uint64_t)any_place(a, new_arg(a));
    later(a, __HYPERVISOR_memory_op, cmds[below(a, sizeof(cmds))],
          any_place(a, arg));
}
