/* SPDX-License-Identifier: MIT */
/* Commands of core_fuzz.c: tables, descriptors, memory. */
#include "core_fuzz.h"

#include "public/memory.h"
#include "xen/heap.h"
#include "asm/pv.h"

static u64 take_slot(void)
{
    return mfn_to_maddr(take_mfn()) + take_index() * 8;
}

/* An address behind the vcpu's tables, of the one L1 table that is there. */
static u64 take_va(void)
{
    u8 which = take();

    if (which < 0xf8)
        return 0xffffUL << 48 | 300UL << 39 | (u64)(which % 8) << PAGE_SHIFT;
    return take_number();
}

/* An array of nr entries; if `cut`, one fewer than that lies in memory, and nr
 * becomes that number for who fills them. */
static void *take_array(void *arg, size_t size, unsigned int *nr, bool cut)
{
    if (!cut)
        return arg;
    *nr -= 1;
    return (char *)arg + ARG_SIZE - *nr * size;
}

void do_update(void)
{
    u8 how = take();
    unsigned int nr = 1 + how % 4, there = nr;
    struct mmu_update *reqs =
        take_array(args[0], sizeof(*reqs), &there, how & 4);
    unsigned long domid = how & 0x80 ? take_domid() : DOMID_SELF;

    if (how & 0x40)
        domid |= (take_domid() + 1UL) << 16;
    for (unsigned int i = 0; i < there; i++) {
        reqs[i].ptr = take_slot() | (how & 8 ? take() & 3 : 0);
        reqs[i].val = take_entry();
    }
    call(do_mmu_update, (unsigned long)reqs, nr | (how & 0x20 ? 1UL << 31 : 0),
         how & 0x10 ? (unsigned long)args[1] : 0, domid);
}

void do_ext(void)
{
    u8 how = take();
    unsigned int nr = 1 + how % 3, there = nr;
    struct mmuext_op *ops = take_array(args[0], sizeof(*ops), &there, how & 8);

    memset(ops, 0, there * sizeof(*ops));
    for (unsigned int i = 0; i < there; i++) {
        ops[i].cmd = take() % (MMUEXT_UNMARK_SUPER + 2);
        ops[i].arg1.mfn = mfn_x(take_mfn());
        ops[i].arg2.src_mfn = mfn_x(take_mfn());
        if (ops[i].cmd == MMUEXT_NEW_USER_BASEPTR && (how & 0x40))
            ops[i].arg1.mfn = 0;
        if (ops[i].cmd == MMUEXT_SET_LDT) {
            ops[i].arg1.linear_addr = take_va();
            ops[i].arg2.nr_ents = take16();
        }
        if (ops[i].cmd == MMUEXT_TLB_FLUSH_MULTI ||
            ops[i].cmd == MMUEXT_INVLPG_MULTI)
            ops[i].arg2.vcpumask = (unsigned long)args[1];
    }
    call(do_mmuext_op, (unsigned long)ops, nr | (how & 0x20 ? 1UL << 31 : 0),
         how & 0x10 ? (unsigned long)args[1] : 0,
         how & 0x80 ? take_domid() : DOMID_SELF);
}

void do_update_va(void)
{
    u64 va = take_va(), e = take_entry();
    u8 how = take();

    if (how & 0x80)
        call(do_update_va_mapping_otherdomain, va, e, how & 7, take_domid());
    else
        call(do_update_va_mapping, va, e,
             how & 0x40 ? (unsigned long)args[1] | (how & 7) : how & 7, 0);
}

/* As where a fault on a store to a table is emulated. */
static void store_to_table(struct page_info *pg, unsigned int index, u64 value)
{
    u64 *slot = &table_of(pg)[index];

    if (!page_lock_l1(pg))
        return;
    (void)!cmpxchg_l1_entry(slot, *slot, value, self->d);
    page_unlock_table(pg);
}

/* To memory that the guest could have mapped writable, or to a table. */
void do_store(void)
{
    struct page_info *pg = *take_place();
    unsigned int index = take_index();
    u64 value = take_entry();

    if (!page_get(pg, self->d))
        return;
    if (page_get_type(pg, PGT_writable) == 0) {
        table_of(pg)[index] = value;
        page_put_type(pg);
    } else {
        store_to_table(pg, index, value);
    }
    page_put(pg);
}

void do_descriptor(void)
{
    u64 *frames = args[0];
    u8 how = take();

    if (how & 1) {
        call(do_update_descriptor, take_slot(),
             (u64)take16() << 40 | take_number(), 0, 0);
        return;
    }
    frames[0] = mfn_x(take_mfn());
    frames[1] = mfn_x(take_mfn());
    call(do_set_gdt, (unsigned long)frames, how & 4 ? take_number() : how, 0,
         0);
}

/* As the CPU does when it first needs a page of it. */
void do_ldt(void)
{
    u8 how = take();

    if (how & 1)
        pv_invalidate_ldt(current);
    else
        (void)pv_map_ldt_page(current, (unsigned long)take16() & 0xffff);
}

static u64 take_base(void)
{
    u8 which = take();

    if (which < 0x80)
        return mfn_to_maddr(current->arch.guest_table);
    return which < 0xc0 ? mfn_to_maddr(take_mfn()) : take_number();
}

/* Bring the other vcpu up, as a guest does. */
void do_context(void)
{
    struct vcpu_guest_context *c = args[0];
    struct vcpu *v = self->d->vcpu[!current->vcpu_id];
    u8 how = take(), which = take();

    if (how & 1) {
        arch_get_info_guest(v, c);
        return;
    }
    memset(c, 0, sizeof(*c));
    c->flags = how & 2 ? 0 : VGCF_in_kernel;
    c->flags |= how & 4 ? VGCF_I387_VALID : VGCF_syscall_disables_events;
    c->ctrlreg[3] = take_base();
    c->ctrlreg[1] = how & 8 ? take_base() : 0;
    c->gdt_ents = how & 0x10 ? take16() : 0;
    c->gdt_frames[0] = mfn_x(take_mfn());
    c->ldt_ents = how & 0x20 ? take16() : 0;
    c->ldt_base = how & 0x20 ? take_va() : 0;
    if (how & 0x40)
        *(&c->event_callback_eip + which % 3) = take_number();
    if (how & 0x80)
        c->trap_ctxt[which].address = take_number();
    spin_lock(&self->d->lock);
    (void)arch_set_info_guest(v, c);
    spin_unlock(&self->d->lock);
}

void do_reserve(void)
{
    struct xen_memory_reservation *r = args[0];
    xen_pfn_t *list = args[1];
    struct page_info **place[4];
    u8 how = take();
    unsigned int nr = 1 + how % 4;
    bool give = how & 4;
    unsigned long cmd = give         ? XENMEM_decrease_reservation
                        : how & 0x80 ? XENMEM_increase_reservation
                                     : XENMEM_populate_physmap;
    long done;

    memset(r, 0, sizeof(*r));
    for (unsigned int i = 0; i < nr; i++) {
        place[i] = take_place();
        list[i] = give ? mfn_x(page_to_mfn(*place[i])) : i;
    }
    r->extent_start = how & 8 ? take_number() : (unsigned long)list;
    r->nr_extents = how & 0x10 ? take_number() : nr;
    r->extent_order = how & 0x20 ? take() : 0;
    r->mem_flags = how & 0x40 ? (u32)take_number() : 0;
    r->domid = how & 0x80 ? take_domid() : DOMID_SELF;
    done = call(do_memory_op, cmd, (unsigned long)r, 0, 0);
    for (unsigned int i = 0; !give && !(how & 0xf8) && (long)i < done; i++)
        *place[i] = mfn_to_page(_mfn(list[i]));
}

void do_exchange(void)
{
    struct xen_memory_exchange *x = args[0];
    struct page_info **place[4];
    u8 how = take();
    unsigned int nr = 1 + how % 4, there = nr;
    xen_pfn_t *in = take_array(args[1], sizeof(*in), &there, how & 0x80);
    xen_pfn_t *out = args[2];

    memset(x, 0, sizeof(*x));
    for (unsigned int i = 0; i < there; i++) {
        place[i] = take_place();
        in[i] = mfn_x(page_to_mfn(*place[i]));
        out[i] = i;
    }
    x->in.extent_start = (unsigned long)in;
    x->in.nr_extents = how & 4 ? take_number() : nr;
    x->in.domid = x->out.domid = how & 8 ? take_domid() : DOMID_SELF;
    x->out.extent_start = how & 0x10 ? take_number() : (unsigned long)out;
    x->out.nr_extents = x->in.nr_extents;
    if (how & 0x20) {
        x->out.extent_order = 1;
        x->out.nr_extents /= 2;
    }
    x->nr_exchanged = how & 0x40 ? take() : 0;
    if (call(do_memory_op, XENMEM_exchange, (unsigned long)x, 0, 0) != 0 ||
        (how & 0x5c))
        return;
    for (unsigned int i = 0; i < nr; i++)
        *place[i] = mfn_to_page(_mfn(how & 0x20 ? out[i / 2] + i % 2 : out[i]));
}

void do_query(void)
{
    u64 *words = args[0];
    unsigned int cmd = take() % 32;

    for (unsigned int i = 0; i < 8; i++)
        words[i] = take_number();
    words[2] = (unsigned long)args[1];
    if (cmd == XENMEM_acquire_resource) {
        struct xen_mem_acquire_resource *r = args[0];

        r->domid = take_domid();
        r->type = take() % 2;
        r->id = take() % 3;
        r->pad = 0;
        r->frame = take();
        r->nr_frames = take() % 24;
        r->frame_list = (unsigned long)(r->nr_frames ? args[1] : NULL);
    } else if (cmd == XENMEM_claim_pages) {
        struct xen_memory_reservation *r = args[0];

        memset(r, 0, sizeof(*r));
        r->domid = take_domid();
        r->nr_extents = take_number();
    }
    call(do_memory_op, cmd, (unsigned long)words, 0, 0);
    (void)avail_heap_pages_bits(cmd + 12);
}

/* A domain dies, step by step, while the control domain does other things. */
void do_kill(void)
{
    struct guest *g = &guests[2];
    unsigned int vcpu_id = current->vcpu_id;

    if (self == g)
        return;
    run_as(guests[0].d, 0);
    g->d->dying = DOMDYING_dying;
    fake_preempt_at(take() % 16);
    (void)guest_end_step(g);
    run_as(self->d, vcpu_id);
}

/* The hypervisor's own frames. What is free by orders is what is free. */
void do_heap(void)
{
    unsigned long counts[MAX_ORDER + 1], sum = 0;
    u8 how = take();
    unsigned int order = how % 8;
    void *va = alloc_xenheap_pages(order, how & 0x80 ? MEMF_bits(take()) : 0);

    heap_free_by_order(counts);
    for (unsigned int i = 0; i <= MAX_ORDER; i++)
        sum += counts[i];
    must(sum == avail_heap_pages(), "the counts of free frames differ");
    must(claimed_heap_pages() <= sum, "more frames are claimed than free");
    free_xenheap_pages(va, order);
    free_xenheap_pages(NULL, order);
}

/* What a domain and its vcpu have of the machine, for as long as it lasts. */
void do_birth(void)
{
    struct domain *dom = xzalloc(struct domain);
    struct vcpu *v = xzalloc(struct vcpu);

    if (dom != NULL && v != NULL) {
        (void)!arch_domain_create(dom);
        v->domain = take() & 1 ? dom : idle_domain;
        if (arch_vcpu_create(v) == 0)
            arch_vcpu_destroy(v);
        arch_domain_destroy(dom);
    }
    xfree(v);
    xfree(dom);
}
