/* SPDX-License-Identifier: MIT */
/* Commands of core_fuzz.c: grants and event channels. */
#include "core_fuzz.h"

#include "public/event_channel.h"
#include "public/grant_table.h"
#include "xen/evtchn.h"

/* The first ones are among those that stay for a version. */
#define FIRST_REF 4
#define NR_REFS   8

static grant_ref_t take_ref(void)
{
    u8 which = take();

    return which < 0xf8 ? FIRST_REF + which % NR_REFS : (u32)take_number();
}

/* Of either version; which one is in use, the input knows. */
void do_grant_entry(void)
{
    static const u16 flags[] = {
        0, GTF_permit_access, GTF_permit_access | GTF_readonly,
        GTF_permit_access | GTF_sub_page, GTF_transitive};
    unsigned int ref = FIRST_REF + take() % NR_REFS;
    u8 how = take();
    u16 flag = flags[how % ARRAY_SIZE(flags)];
    domid_t domid = take_domid();

    if (how & 0x80) {
        union grant_entry_v2 *e = (union grant_entry_v2 *)self->grants + ref;

        e->full_page.frame = mfn_x(take_mfn());
        if (flag & GTF_sub_page) {
            e->sub_page.page_off = take16();
            e->sub_page.length = take16();
        } else if (flag == GTF_transitive) {
            e->transitive.trans_domid = take_domid();
            e->transitive.gref = take_ref();
        }
        e->hdr.domid = domid;
        e->hdr.flags = flag;
    } else {
        struct grant_entry_v1 *e = (struct grant_entry_v1 *)self->grants + ref;

        e->frame = (u32)mfn_x(take_mfn());
        e->domid = domid;
        e->flags = flag;
    }
}

static u64 take_address(unsigned int *map_flags)
{
    u8 which = take();

    if (which & 0x80) {
        *map_flags |= GNTMAP_contains_pte;
        return mfn_to_maddr(take_mfn()) + take_index() * 8 + (which & 4);
    }
    if (which & 0x40)
        return take_number();
    return 0xffffUL << 48 | 300UL << 39 | (u64)(which % 8) << PAGE_SHIFT;
}

void do_grant_map(void)
{
    struct gnttab_map_grant_ref *op = args[0];
    u8 how = take();

    memset(op, 0, sizeof(*op));
    op->flags = how & (GNTMAP_device_map | GNTMAP_host_map | GNTMAP_readonly |
                       GNTMAP_application_map);
    op->host_addr = take_address(&op->flags);
    op->ref = take_ref();
    op->dom = take_domid();
    if (call(do_grant_table_op, GNTTABOP_map_grant_ref, (unsigned long)op, 1,
             0) == 0 &&
        op->status == GNTST_okay)
        self->handles[(how >> 5) % ARRAY_SIZE(self->handles)] = op->handle;
}

static u32 take_handle(void)
{
    u8 which = take();

    return which < 0xf0 ? self->handles[which % ARRAY_SIZE(self->handles)]
                        : (u32)take_number();
}

void do_unmap(void)
{
    struct gnttab_unmap_grant_ref *op = args[0];
    struct gnttab_unmap_and_replace *replace = args[0];
    u8 how = take();
    unsigned int nr = 1 + how % 4, ignored = 0;

    memset(op, 0, nr * sizeof(*op));
    if (how & 0x80) {
        replace->host_addr = take_address(&ignored);
        replace->new_addr = take_address(&ignored);
        replace->handle = take_handle();
        call(do_grant_table_op, GNTTABOP_unmap_and_replace,
             (unsigned long)replace, 1, 0);
        return;
    }
    for (unsigned int i = 0; i < nr; i++) {
        op[i].handle = take_handle();
        if (!(how & 0x10))
            op[i].host_addr = take_address(&ignored);
        if (how & 0x20)
            op[i].dev_bus_addr = mfn_to_maddr(take_mfn());
    }
    call(do_grant_table_op, GNTTABOP_unmap_grant_ref, (unsigned long)op, nr, 0);
}

static void fill_end(struct gnttab_copy_ptr *end, bool by_ref, bool odd)
{
    if (by_ref)
        end->u.ref = take_ref();
    else
        end->u.gmfn = mfn_x(take_mfn());
    end->domid = by_ref || odd ? take_domid() : DOMID_SELF;
    end->offset = odd ? take16() : 0;
}

void do_copy(void)
{
    struct gnttab_copy *op = args[0];
    u8 how = take();

    memset(op, 0, sizeof(*op));
    op->flags = how & (GNTCOPY_source_gref | GNTCOPY_dest_gref);
    fill_end(&op->source, op->flags & GNTCOPY_source_gref, how & 0x10);
    fill_end(&op->dest, op->flags & GNTCOPY_dest_gref, how & 0x20);
    op->len = how & 0x40 ? take16() : take();
    call(do_grant_table_op, GNTTABOP_copy, (unsigned long)op, 1, 0);
}

/* All other operations of grant tables. */
void do_table(void)
{
    u32 *words = args[0];
    u8 how = take();

    memset(words, 0, 64);
    switch (how % 7) {
    case 0:
        words[0] = take() % 4;
        call(do_grant_table_op, GNTTABOP_set_version, (unsigned long)words, 1,
             0);
        break;
    case 1:
        words[0] = take_ref();
        words[1] = take_ref();
        call(do_grant_table_op, GNTTABOP_swap_grant_ref, (unsigned long)words,
             1, 0);
        break;
    case 2:
    case 3: {
        struct gnttab_setup_table *setup = args[0];

        setup->dom = take_domid();
        setup->nr_frames = take() % 6;
        setup->frame_list = (unsigned long)args[1];
        call(do_grant_table_op,
             how % 7 == 2 ? GNTTABOP_setup_table : GNTTABOP_get_status_frames,
             (unsigned long)setup, 1, 0);
        break;
    }
    case 4:
        words[0] = take_domid();
        call(do_grant_table_op,
             how & 0x80 ? GNTTABOP_query_size : GNTTABOP_get_version,
             (unsigned long)words, 1, 0);
        break;
    case 5:
        *(u64 *)words = mfn_to_maddr(take_mfn());
        words[2] = take16() | (u32)take16() << 16;
        words[3] = take();
        call(do_grant_table_op, GNTTABOP_cache_flush, (unsigned long)words, 1,
             0);
        break;
    default:
        call(do_grant_table_op, take(), (unsigned long)words, take() % 3, 0);
        break;
    }
}

void do_event(void)
{
    u32 *words = args[0];
    unsigned int cmd = take() % (EVTCHNOP_set_priority + 2);

    memset(words, 0, 64);
    switch (cmd) {
    case EVTCHNOP_bind_interdomain:
    case EVTCHNOP_status:
        *(domid_t *)words = take_domid();
        words[1] = (u32)take_number();
        break;
    case EVTCHNOP_alloc_unbound:
        ((domid_t *)words)[0] = take_domid();
        ((domid_t *)words)[1] = take_domid();
        break;
    case EVTCHNOP_reset:
        *(domid_t *)words = take_domid();
        break;
    case EVTCHNOP_init_control: {
        struct evtchn_init_control *op = args[0];

        op->control_gfn = mfn_x(take_mfn());
        op->offset = take16();
        op->vcpu = take() % 4;
        break;
    }
    case EVTCHNOP_expand_array:
        *(u64 *)words = mfn_x(take_mfn());
        break;
    default:
        words[0] = (u32)take_number();
        words[1] = (u32)take_number();
        break;
    }
    call(do_event_channel_op, cmd, (unsigned long)words, 0, 0);
}

/* Events that the hypervisor raises itself. */
void do_signal(void)
{
    struct vcpu *v = self->d->vcpu[take() & 1];
    u8 how = take();
    unsigned int nr = take();

    if (how & 0x20) /* the guest masks a port, or no longer */
        self->d->shared_info->evtchn_mask[0] ^= 1UL << nr % 64;
    switch (how % 7) {
    case 0:
        send_guest_vcpu_virq(v, how & 0x80 ? VIRQ_DEBUG : VIRQ_TIMER);
        break;
    case 1:
        send_guest_global_virq(self->d, VIRQ_CONSOLE + nr % 2);
        break;
    case 2:
        (void)evtchn_set_virq_handler(self->d, nr);
        break;
    case 3:
        send_global_virq(VIRQ_CONSOLE + nr % 2);
        break;
    case 4:
        (void)evtchn_port_poll(self->d, nr);
        break;
    case 5:
        evtchn_move_from_vcpu(v);
        break;
    default:
        if (v->poll_port == 0)
            vcpu_poll_begin(v, how & 0x80 ? (int)nr : how & 0x40 ? -1 : 0);
        (void)send_guest_pirq(self->d, nr);
        evtchn_vcpu_info_moved(v);
        break;
    }
}
