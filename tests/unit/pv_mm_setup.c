/* SPDX-License-Identifier: MIT */
/* The guests of the direct paging tests, and the recount. */
#include "pv_mm_setup.h"

#include "xen/rangeset.h"
#include "xen/sched.h"
#include "xen/softirq.h"
#include "asm/cpuid.h"
#include "asm/switch.h"
#include "asm/xstate.h"

#define CHILD_WORK 4 /* page_info.partial: see page_type.c */

struct domain *d0, *d, *other;
unsigned int cache_flushes, restarts;
u32 *done_out;
u64 idle_pg_table[PT_ENTRIES];

static struct mmu_update *req;
static struct mmuext_op *op;
static unsigned long free_at_start;

static struct {
    long general, type;
} found[FAKE_NR_FRAMES], held[FAKE_NR_FRAMES];

/* The rest of the machine. */

bool mmio_ro_frame(unsigned long mfn)
{
    return mfn == DEVICE_RO_MFN;
}

void flush_page_cache(mfn_t mfn)
{
    (void)mfn;
    cache_flushes++;
}

void cpu_area_set_pte(unsigned int cpu, unsigned int offset, u64 pte)
{
    (void)cpu;
    (void)offset;
    (void)pte;
}

void set_system_descriptor(unsigned int cpu, unsigned int selector,
                           unsigned long base, u32 limit, unsigned int type)
{
    (void)cpu;
    (void)selector;
    (void)base;
    (void)limit;
    (void)type;
}

void sync_vcpu_state(struct vcpu *v)
{
    (void)v;
}

void vcpu_unmap_info(struct vcpu *v)
{
    mfn_t mfn = v->vcpu_info_mfn;

    v->vcpu_info_mfn = INVALID_MFN;
    if (!mfn_eq(mfn, INVALID_MFN))
        page_put_and_type(mfn_to_page(mfn));
}

struct cpuid_policy cpuid_initial;

int xstate_alloc(struct vcpu *v)
{
    (void)v;
    return 0;
}

void xstate_free(struct vcpu *v)
{
    (void)v;
}

void xstate_load_fpu(struct vcpu *v, const void *fxsave)
{
    (void)v;
    (void)fxsave;
}

void xstate_store_fpu(const struct vcpu *v, void *fxsave)
{
    (void)v;
    (void)fxsave;
}

int pv_set_debugreg(struct vcpu *v, unsigned int reg, u64 value)
{
    (void)v;
    (void)reg;
    (void)value;
    return 0;
}

/* Guests. */

void run_as(struct domain *who, unsigned int vcpu_id)
{
    fake_set_cpu(vcpu_id + (who == d ? 0 : 4));
    fake_set_current(who->vcpu[vcpu_id]);
}

struct page_info *new_page(struct domain *owner)
{
    struct page_info *pg = alloc_domheap_pages(owner, 0, 0);

    assert_non_null(pg);
    return pg;
}

u64 *table_of(const struct page_info *pg)
{
    return page_to_virt(pg);
}

u64 entry(const struct page_info *pg, u64 flags)
{
    return pte_make(page_to_mfn(pg), flags);
}

u64 maddr(const struct page_info *pg, unsigned int index)
{
    return mfn_to_maddr(page_to_mfn(pg)) + index * 8UL;
}

unsigned long pt_type(unsigned int level)
{
    return (unsigned long)level << 60;
}

unsigned long type_count(const struct page_info *pg)
{
    return pg->type_info & PGT_count_mask;
}

unsigned long general_count(const struct page_info *pg)
{
    return pg->count_info & PGC_count_mask;
}

unsigned int tree_index(unsigned int level)
{
    return level == 4 ? 300 : 0;
}

void make_tree(struct tree *tree, unsigned int top)
{
    memset(tree, 0, sizeof(*tree));
    tree->rw = new_page(d);
    tree->ro = new_page(d);
    for (unsigned int level = 1; level <= top; level++) {
        tree->t[level] = new_page(d);
        if (level > 1)
            table_of(tree->t[level])[tree_index(level)] =
                entry(tree->t[level - 1], FLAGS_TABLE);
    }
    table_of(tree->t[1])[0] = entry(tree->rw, FLAGS_RW);
    table_of(tree->t[1])[511] = entry(tree->ro, FLAGS_RO);
}

static void new_base_table(struct vcpu *v)
{
    struct page_info *pg = new_page(v->domain);

    assert_true(page_get_and_type(pg, v->domain, PGT_l4));
    v->arch.guest_table = page_to_mfn(pg);
}

static struct domain *new_guest(domid_t domid)
{
    struct domain *g = fake_domain(domid, 2);
    struct vcpu *v;

    g->arch.iomem_caps = rangeset_new(16);
    run_as(g, 0);
    for_each_vcpu(g, v) {
        v->arch.guest_table_user = INVALID_MFN;
        v->arch.flags = VCPU_KERNEL_MODE;
        for (unsigned int i = 0; i < ARRAY_SIZE(v->arch.ldt_mapped); i++)
            v->arch.ldt_mapped[i] = INVALID_MFN;
        new_base_table(v);
        cpumask_set(v->vcpu_id, &g->dirty_cpumask);
    }
    return g;
}

int pv_mm_set_up_once(void **state)
{
    (void)state;
    init_boot_pages(0, FAKE_RAM_END);
    (void)alloc_boot_pages(8, 8); /* as for the frame table */
    end_boot_allocator();
    for (unsigned int i = HYPERVISOR_FIRST_SLOT; i <= HYPERVISOR_LAST_SLOT; i++)
        idle_pg_table[i] = 0x1000 * i | 0x63;
    return 0;
}

static void never_preempt(void)
{
    fake_preempt_at(0);
    for (unsigned int cpu = 0; cpu < FAKE_NR_CPUS; cpu++) {
        fake_set_cpu(cpu);
        fake_set_preempt(false);
    }
}

int pv_mm_set_up(void **state)
{
    (void)state;
    never_preempt();
    free_at_start = avail_heap_pages();
    dom_io = fake_domain(DOMID_IO, 0);
    dom_xen = fake_domain(DOMID_XEN, 0);
    d0 = new_guest(0);
    d0->is_control = true;
    d = new_guest(1);
    other = new_guest(2);
    assert_int_equal(
        rangeset_add(d->arch.iomem_caps, DEVICE_MFN, DEVICE_MFN + 1), 0);
    req = fake_guest_alloc(sizeof(*req));
    op = fake_guest_alloc(sizeof(*op));
    done_out = fake_guest_alloc(sizeof(*done_out));
    memset(held, 0, sizeof(held));
    cache_flushes = 0;
    restarts = 0;
    run_as(d, 0);
    return 0;
}

static void relinquish(struct domain *g)
{
    unsigned int guard = 0;

    g->dying = DOMDYING_dying;
    while (arch_domain_relinquish(g) == -ERESTART)
        assert_true(++guard < 1000000);
    assert_int_equal(g->mem.tot_pages, 0);
    assert_int_equal(atomic_read(&g->refcnt), 1);
    rangeset_destroy(g->arch.iomem_caps);
}

int pv_mm_tear_down(void **state)
{
    (void)state;
    never_preempt();
    recount();
    run_as(d0, 1);
    relinquish(d);
    relinquish(other);
    run_as(other, 0);
    relinquish(d0);
    fake_domains_free();
    fake_guest_free();
    return avail_heap_pages() == free_at_start && fake_heap_in_use() == 0 ? 0
                                                                          : -1;
}

/* Recount. */

void hold(const struct page_info *pg, int general, int type)
{
    held[mfn_x(page_to_mfn(pg))].general += general;
    held[mfn_x(page_to_mfn(pg))].type += type;
}

static void see(mfn_t mfn, bool type)
{
    if (mfn_eq(mfn, INVALID_MFN))
        return;
    assert_true(mfn_valid(mfn));
    found[mfn_x(mfn)].general++;
    found[mfn_x(mfn)].type += type;
}

static void see_entry(unsigned int level, u64 pte)
{
    struct page_info *pg;

    assert_int_equal(pte & ~(UPPER_ALLOWED | PTE_CACHE_MASK | PTE_ADDR_MASK),
                     0);
    if (level == 1 && is_iomem_mfn(pte_mfn(pte)))
        return;
    assert_true(level == 1 || !(pte & PTE_CACHE_MASK));
    pg = mfn_to_page(pte_mfn(pte));
    see(pte_mfn(pte), level > 1 || (pte & PTE_RW));
    if (level > 1)
        assert_int_equal(pg->type_info & (PGT_type_mask | PGT_validated),
                         pt_type(level - 1) | PGT_validated);
    else if (pte & PTE_RW)
        assert_int_equal(pg->type_info & PGT_type_mask, PGT_writable);
}

static void see_table(const struct page_info *pg, unsigned int nr)
{
    unsigned int level = type_level(pg->type_info);
    const u64 *table = table_of(pg);

    for (unsigned int i = 0; i < nr; i++)
        if (is_hypervisor_slot(level, i))
            assert_true(table[i] == idle_pg_table[i] ||
                        !(pg->type_info & PGT_validated));
        else if (table[i] & PTE_PRESENT)
            see_entry(level, table[i]);
}

static void see_page(const struct page_info *pg)
{
    unsigned int level = type_level(pg->type_info);
    mfn_t mfn = page_to_mfn(pg);

    assert_int_equal(pg->type_info & PGT_locked, 0);
    if (pg->count_info & PGC_allocated)
        see(mfn, false);
    if (pg->type_info & PGT_pinned)
        see(mfn, true);
    if (level < 1 || level > 4 || type_count(pg) == 0) {
        assert_int_equal(pg->type_info & PGT_partial, 0);
        return;
    }
    if (pg->type_info & PGT_validated) {
        assert_int_equal(pg->type_info & PGT_partial, 0);
        see_table(pg, PT_ENTRIES);
        return;
    }
    assert_true(pg->type_info & PGT_partial);
    assert_int_equal(type_count(pg), 1);
    see(mfn, true);
    see_table(pg, pg->nr_validated);
    if (pg->partial & CHILD_WORK)
        see(pte_mfn(table_of(pg)[pg->nr_validated]), false);
}

static void see_domain(struct domain *g)
{
    struct vcpu *v;

    for_each_vcpu(g, v) {
        see(v->arch.guest_table, true);
        see(v->arch.guest_table_user, true);
        see(v->vcpu_info_mfn, true);
        for (unsigned int i = 0; i * 512 < v->arch.gdt_ents; i++)
            see(v->arch.gdt_frames[i], true);
        if (v->arch.old_guest_table)
            see(page_to_mfn(v->arch.old_guest_table), false);
    }
    for (struct page_info *pg = page_list_first(&g->mem.page_list); pg;
         pg = page_list_next(pg))
        see_page(pg);
}

static void compare(struct domain *g)
{
    unsigned long nr = 0;

    for (struct page_info *pg = page_list_first(&g->mem.page_list); pg;
         pg = page_list_next(pg)) {
        unsigned long mfn = mfn_x(page_to_mfn(pg));

        assert_ptr_equal(page_get_owner(pg), g);
        assert_int_equal(general_count(pg),
                         found[mfn].general + held[mfn].general);
        assert_int_equal(type_count(pg), found[mfn].type + held[mfn].type);
        nr++;
    }
    assert_int_equal(nr, g->mem.tot_pages);
}

void recount(void)
{
    memset(found, 0, sizeof(found));
    see_domain(d0);
    see_domain(d);
    see_domain(other);
    compare(d0);
    compare(d);
    compare(other);
}

/* Calls. */

typedef long (*call_fn)(unsigned long a0, unsigned long a1, unsigned long a2,
                        unsigned long a3, unsigned long a4);

static long until_done(call_fn fn, const void *arg, unsigned long foreigndom)
{
    const unsigned long *a = fake_continue_args;
    long rc = fn((unsigned long)arg, 1, (unsigned long)done_out, foreigndom, 0);
    unsigned int guard = 0;

    while (rc == -ERESTART) {
        assert_true(++guard < 100000);
        restarts++;
        recount();
        rc = fn(a[0], a[1], a[2], a[3], a[4]);
    }
    return rc;
}

long update_as(u64 ptr, u64 val, unsigned long foreigndom)
{
    req->ptr = ptr;
    req->val = val;
    return until_done(do_mmu_update, req, foreigndom);
}

long update(u64 ptr, u64 val)
{
    return update_as(ptr, val, DOMID_SELF);
}

long ext(unsigned int cmd, unsigned long arg1, unsigned long arg2)
{
    memset(op, 0, sizeof(*op));
    op->cmd = cmd;
    op->arg1.linear_addr = arg1;
    op->arg2.vcpumask = arg2;
    return until_done(do_mmuext_op, op, DOMID_SELF);
}

long pin(const struct page_info *pg, unsigned int level)
{
    return ext(MMUEXT_PIN_L1_TABLE + level - 1, mfn_x(page_to_mfn(pg)), 0);
}

long unpin(const struct page_info *pg)
{
    return ext(MMUEXT_UNPIN_TABLE, mfn_x(page_to_mfn(pg)), 0);
}
