/* SPDX-License-Identifier: MIT */
/* Grants: entries of its own, and mappings of others'. */
#include "random.h"

#define FIRST_REF  8
#define NR_TRACKED 512 /* handles that the control domain may have */

/* By handle: what the control domain's actor has mapped. */
static struct tracked {
    domid_t domid;
    bool readonly, host, device, used;
    uint64_t mfn;
} tracked[NR_TRACKED];

static grant_ref_t any_ref(struct actor *a)
{
    if (one_in(a, 32))
        return (grant_ref_t)any_number(a);
    return FIRST_REF + below(a, NR_REFS);
}

void grants_init(void)
{
    uint64_t mfn = 0;
    struct gnttab_setup_table op = {
        .dom = DOMID_SELF, .nr_frames = 1, .frame_list = (uint64_t)&mfn};

    world.grant_table = page_alloc();
    REQUIRE("setup_table", grant_op(GNTTABOP_setup_table, &op, 1) == 0 &&
                               op.status == GNTST_okay);
    REQUIRE("map_own_table",
            update_va_mapping((uint64_t)world.grant_table,
                              make_pte(mfn, PTE_PAGE_RW), UVMF_INVLPG) == 0);
}

/* Entries of either version: that in use may be the other one. */
void step_grant_entry(struct actor *a)
{
    static const uint16_t flags[] = {
        0,
        GTF_permit_access,
        GTF_permit_access,
        GTF_permit_access,
        GTF_permit_access | GTF_readonly,
        GTF_permit_access | GTF_sub_page,
        GTF_transitive,
    };
    grant_ref_t ref = FIRST_REF + below(a, NR_REFS);
    uint16_t flag = flags[below(a, ARRAY_SIZE(flags))];
    domid_t domid = any_domid(a);

    if (one_in(a, 4)) {
        volatile union grant_entry_v2 *e =
            (union grant_entry_v2 *)world.grant_table + ref;

        e->hdr.flags = 0;
        e->full_page.frame = any_mfn(a);
        e->hdr.domid = domid;
        barrier();
        e->hdr.flags = flag;
    } else {
        volatile struct grant_entry_v1 *e =
            (struct grant_entry_v1 *)world.grant_table + ref;

        e->flags = 0;
        e->frame = (uint32_t)any_mfn(a);
        e->domid = domid;
        barrier();
        e->flags = flag;
    }
}

/* Address of a mapping, and whether that is of its entry. */
static uint64_t any_address(struct actor *a, uint32_t *flags)
{
    unsigned int i = any_play(a);

    if (a->slot != 0 && one_in(a, 4)) {
        *flags |= GNTMAP_contains_pte;
        return one_in(a, 2)
                   ? pte_maddr((uint64_t)world.play[i], 1)
                   : (world.frame[i] << PAGE_SHIFT) + below(a, PAGE_SIZE);
    }
    return (uint64_t)world.play[i] + (one_in(a, 8) ? below(a, PAGE_SIZE) : 0);
}

/* To be given back at the end: others would not go while it is mapped. */
static void track(const struct gnttab_map_grant_ref *op)
{
    bool host = op->flags & GNTMAP_host_map;
    bool device = op->flags & GNTMAP_device_map;

    if (op->handle >= NR_TRACKED) {
        struct gnttab_unmap_grant_ref unmap = {
            .host_addr = host ? op->host_addr : 0,
            .dev_bus_addr = device ? op->dev_bus_addr : 0,
            .handle = op->handle};

        grant_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
        return;
    }
    tracked[op->handle] =
        (struct tracked){.domid = op->dom,
                         .readonly = op->flags & GNTMAP_readonly,
                         .host = host,
                         .device = device,
                         .used = true,
                         .mfn = op->dev_bus_addr >> PAGE_SHIFT};
}

static void release_one(uint32_t handle)
{
    const struct tracked *t = &tracked[handle];
    struct gnttab_unmap_grant_ref op = {.handle = handle};

    if (!t->used)
        return;
    if (t->device) {
        op.dev_bus_addr = t->mfn << PAGE_SHIFT;
        grant_op(GNTTABOP_unmap_grant_ref, &op, 1);
    }
    if (!t->host)
        return;
    op.dev_bus_addr = 0;
    op.host_addr = (uint64_t)world.play[0];
    map_foreign_at(world.play[0], t->domid, t->mfn,
                   t->readonly ? PTE_PAGE_RO : PTE_PAGE_RW);
    grant_op(GNTTABOP_unmap_grant_ref, &op, 1);
    page_unmap(world.play[0]);
}

void step_grant_map(struct actor *a)
{
    struct gnttab_map_grant_ref *op = new_arg(a);
    unsigned int i = below(a, ARRAY_SIZE(world.handle));

    op->flags = GNTMAP_host_map;
    if (one_in(a, 3))
        op->flags |= GNTMAP_readonly;
    if (one_in(a, 6))
        op->flags ^= GNTMAP_host_map | GNTMAP_device_map;
    if (one_in(a, 6))
        op->flags |= GNTMAP_device_map;
    if (one_in(a, 8))
        op->flags |= GNTMAP_application_map;
    op->host_addr = any_address(a, &op->flags);
    op->ref = any_ref(a);
    op->dom = any_domid(a);
    if (now(a, __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, op, 1) ||
        op->status != GNTST_okay)
        return;
    world.handle[i] = op->handle;
    if (a->slot == 0)
        track(op);
}

/* Not in a call's room, which others in the same multicall may get, too: what
 * they put there could be an address of the kernel's, whose entry goes then. */
void *grant_room(struct actor *a)
{
    static struct gnttab_unmap_and_replace rooms[MAX_VCPUS];

    return &rooms[a->vcpu];
}

void step_grant_unmap(struct actor *a)
{
    struct gnttab_unmap_grant_ref *op = new_arg(a);
    unsigned int nr = 1 + below(a, 4);
    uint32_t ignored = 0;

    if (one_in(a, 4)) {
        struct gnttab_unmap_and_replace *replace = grant_room(a);

        replace->host_addr = any_address(a, &ignored);
        replace->new_addr = any_address(a, &ignored);
        replace->handle = world.handle[below(a, ARRAY_SIZE(world.handle))];
        later(a, __HYPERVISOR_grant_table_op, GNTTABOP_unmap_and_replace,
              replace, 1);
        return;
    }
    for (unsigned int i = 0; i < nr; i++) {
        op[i].host_addr = one_in(a, 6) ? 0 : any_address(a, &ignored);
        op[i].dev_bus_addr =
            one_in(a, 6) ? world.frame[any_play(a)] << PAGE_SHIFT : 0;
        op[i].handle = one_in(a, 16)
                           ? (uint32_t)any_number(a)
                           : world.handle[below(a, ARRAY_SIZE(world.handle))];
    }
    later(a, __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref,
          any_place(a, op), nr);
}

static void copy_end(struct actor *a, struct gnttab_copy_ptr *end, bool by_ref)
{
    if (by_ref)
        end->u.ref = any_ref(a);
    else
        end->u.gmfn = any_mfn(a);
    end->domid = by_ref || one_in(a, 8) ? any_domid(a) : DOMID_SELF;
    end->offset = one_in(a, 2) ? 0 : (uint16_t)below(a, PAGE_SIZE + 8);
}

static void any_copy(struct actor *a)
{
    struct gnttab_copy *op = new_arg(a);
    unsigned int nr = 1 + below(a, 4);

    for (unsigned int i = 0; i < nr; i++) {
        op[i].flags = (uint16_t)below(a, 4);
        copy_end(a, &op[i].source, op[i].flags & GNTCOPY_source_gref);
        copy_end(a, &op[i].dest, op[i].flags & GNTCOPY_dest_gref);
        op[i].len = (uint16_t)below(a, PAGE_SIZE + 8);
    }
    later(a, __HYPERVISOR_grant_table_op, GNTTABOP_copy, any_place(a, op), nr);
}

void step_grant_other(struct actor *a)
{
    uint32_t *arg = new_arg(a);
    unsigned int cmd = below(a, GNTTABOP_cache_flush + 2);

    switch (cmd) {
    case GNTTABOP_set_version:
        arg[0] = 1 + below(a, 2);
        if (!one_in(a, 8))
            return;
        break;
    case GNTTABOP_swap_grant_ref:
        arg[0] = any_ref(a);
        arg[1] = any_ref(a);
        break;
    case GNTTABOP_setup_table:
    case GNTTABOP_get_status_frames: {
        struct gnttab_setup_table *setup = (void *)arg;

        setup->dom = any_domid(a);
        setup->nr_frames = below(a, 6);
        setup->frame_list = (uint64_t)any_place(a, new_arg(a));
        break;
    }
    case GNTTABOP_query_size:
    case GNTTABOP_get_version:
        arg[0] = any_domid(a);
        break;
    case GNTTABOP_cache_flush:
        *(uint64_t *)arg = world.frame[any_play(a)] << PAGE_SHIFT;
        arg[2] = (uint32_t)any_number(a);
        arg[3] = below(a, 8);
        break;
    default:
        any_copy(a);
        return;
    }
    later(a, __HYPERVISOR_grant_table_op, cmd, any_place(a, arg),
          one_in(a, 32) ? 2 : 1);
}

/* A handle goes where its mapping is found: that is made again. */
void grants_release(void)
{
    for (unsigned int i = 0; i < NR_TRACKED; i++)
        release_one(i);
}
