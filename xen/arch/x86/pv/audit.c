/* SPDX-License-Identifier: MIT */
/*
 * The audit: every reference that something can be seen to hold is counted
 * again and compared with what the frames say; then event channels and grants
 * look at themselves. All vcpus are paused meanwhile, except the one that was
 * interrupted here: it is on its way out and holds nothing.
 */
#include "xen/audit.h"

#include "xen/debug_key.h"
#include "xen/evtchn.h"
#include "xen/gnttab.h"
#include "xen/heap.h"
#include "xen/printk.h"
#include "xen/vcpu.h"
#include "asm/pv_mm.h"

#define MAX_REPORTS 20

/* What was found for each frame. */
struct seen {
    u16 general, type;
};

/* One piece of the table per 2^PIECE_SHIFT frames, none where no RAM is. */
#define PIECE_SHIFT 10
#define PIECE_SIZE  (1UL << PIECE_SHIFT)

struct audit {
    struct seen **piece;
    unsigned long nr_pieces;
    unsigned int errors;
    unsigned int domains;
    unsigned long frames;
};

static void complain(struct audit *a, mfn_t mfn, const char *what,
                     unsigned long found, unsigned long expected)
{
    const struct page_info *pg = mfn_to_page(mfn);

    if (a->errors++ >= MAX_REPORTS)
        return;
    printk(XENLOG_ERR "audit: frame %lx: %s %lx, expected %lx (count %lx, "
                      "type %lx)\n",
           mfn_x(mfn), what, found, expected, pg->count_info, pg->type_info);
}

static struct seen *seen_of(const struct audit *a, mfn_t mfn)
{
    return &a->piece[mfn_x(mfn) >> PIECE_SHIFT][mfn_x(mfn) & (PIECE_SIZE - 1)];
}

void audit_see(struct audit *a, mfn_t mfn, bool type)
{
    if (!mfn_valid(mfn))
        return;
    seen_of(a, mfn)->general++;
    seen_of(a, mfn)->type += type;
}

static bool is_table(const struct page_info *pg)
{
    unsigned int level = type_level(pg->type_info);

    return level >= 1 && level <= 4 && (pg->type_info & PGT_count_mask);
}

/* References that the entries of a table hold. */
static void see_table(struct audit *a, const struct page_info *pg)
{
    unsigned int level = type_level(pg->type_info);
    const u64 *table = page_to_virt(pg);
    bool child;
    unsigned int nr = table_entries_held(pg, &child);

    if (child)
        audit_see(a, pte_mfn(table[nr]), false);
    for (unsigned int i = 0; i < nr; i++) {
        u64 pte = table[i];

        if (!(pte & PTE_PRESENT) || is_hypervisor_slot(level, i))
            continue;
        if (level == 1 && is_iomem_mfn(pte_mfn(pte)))
            continue;
        audit_see(a, pte_mfn(pte), level > 1 || (pte & PTE_RW));
    }
}

static void see_vcpu(struct audit *a, const struct vcpu *v)
{
    audit_see(a, v->arch.guest_table, true);
    audit_see(a, v->arch.guest_table_user, true);
    for (unsigned int i = 0; i * 512 < v->arch.gdt_ents; i++)
        audit_see(a, v->arch.gdt_frames[i], true);
    for (unsigned int i = 0; i < ARRAY_SIZE(v->arch.ldt_mapped); i++)
        audit_see(a, v->arch.ldt_mapped[i], true);
    audit_see(a, v->vcpu_info_mfn, true);
    if (v->arch.old_guest_table)
        audit_see(a, page_to_mfn(v->arch.old_guest_table), false);
}

static void see_domain(struct audit *a, struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu(d, v)
        see_vcpu(a, v);
    for (struct page_info *pg = page_list_first(&d->mem.page_list); pg;
         pg = page_list_next(pg)) {
        if (is_table(pg))
            see_table(a, pg);
        if (pg->type_info & PGT_pinned)
            audit_see(a, page_to_mfn(pg), true);
        if (pg->type_info & PGT_partial)
            audit_see(a, page_to_mfn(pg), true);
        if (pg->count_info & PGC_allocated)
            audit_see(a, page_to_mfn(pg), false);
    }
}

/* No writable mapping of a frame that the CPU uses as a table, is what all of
 * this is for: a frame has one type, and writable entries hold that type. */
static void compare(struct audit *a, struct page_info *pg)
{
    mfn_t mfn = page_to_mfn(pg);
    const struct seen *s = seen_of(a, mfn);
    unsigned long general = pg->count_info & PGC_count_mask;
    unsigned long type = pg->type_info & PGT_count_mask;

    a->frames++;
    if ((u16)type != s->type)
        complain(a, mfn, "type references", type, s->type);
    if ((u16)general != s->general)
        complain(a, mfn, "references", general, s->general);
    if (is_table(pg) && !(pg->type_info & (PGT_validated | PGT_partial)))
        complain(a, mfn, "table is not validated: type", pg->type_info, 0);
    if (pg->type_info & PGT_locked)
        complain(a, mfn, "table is locked: type", pg->type_info, 0);
}

static void compare_domain(struct audit *a, struct domain *d)
{
    unsigned long nr = 0;

    for (struct page_info *pg = page_list_first(&d->mem.page_list); pg;
         pg = page_list_next(pg)) {
        compare(a, pg);
        nr++;
        if (page_get_owner(pg) != d)
            complain(a, page_to_mfn(pg), "owner", pg->owner, d->domain_id);
    }
    if (nr != d->mem.tot_pages) {
        a->errors++;
        printk(XENLOG_ERR "audit: d%d has %lu frames listed, %lu counted\n",
               d->domain_id, nr, d->mem.tot_pages);
    }
}

static void audit_free(struct audit *a)
{
    for (unsigned long i = 0; a->piece && i < a->nr_pieces; i++)
        xfree(a->piece[i]);
    xfree(a->piece);
}

static bool audit_alloc(struct audit *a)
{
    a->nr_pieces = (max_page >> PIECE_SHIFT) + 1;
    a->piece = xzalloc_array(struct seen *, a->nr_pieces);
    if (!a->piece)
        return false;
    for (unsigned long mfn = 0; mfn < max_page; mfn++) {
        struct seen **piece = &a->piece[mfn >> PIECE_SHIFT];

        if (*piece || !mfn_valid(_mfn(mfn)))
            continue;
        *piece = xzalloc_array(struct seen, PIECE_SIZE);
        if (!*piece)
            return false;
    }
    return true;
}

/* Call fn for each domain. */
static void each_domain(struct audit *a,
                        void (*fn)(struct audit *a, struct domain *d))
{
    struct domain *d = domain_get_next(0);

    while (d) {
        domid_t next = d->domain_id + 1;

        fn(a, d);
        domain_put(d);
        d = domain_get_next(next);
    }
}

static void pause_others(struct audit *a, struct domain *d)
{
    struct vcpu *v;

    (void)a;
    for_each_vcpu(d, v)
        if (v != current)
            vcpu_pause(v);
}

static void unpause_others(struct audit *a, struct domain *d)
{
    struct vcpu *v;

    (void)a;
    for_each_vcpu(d, v)
        if (v != current)
            vcpu_unpause(v);
}

static void look_at_domain(struct audit *a, struct domain *d)
{
    a->domains++;
    see_domain(a, d);
    gnttab_audit_frames(d, a);
    evtchn_audit_frames(d, a);
    pirq_audit_frames(d, a);
    a->errors += evtchn_audit(d);
    a->errors += gnttab_audit(d);
}

static void audit_machine(void)
{
    struct audit a = {.errors = 0};

    if (audit_alloc(&a)) {
        each_domain(&a, pause_others);
        each_domain(&a, look_at_domain);
        each_domain(&a, compare_domain);
        each_domain(&a, unpause_others);
        if (a.errors)
            printk(XENLOG_ERR "audit: %lu frames, %u domains: %u "
                              "inconsistencies\n",
                   a.frames, a.domains, a.errors);
        else
            printk("audit: %lu frames, %u domains: no inconsistency\n",
                   a.frames, a.domains);
    } else {
        printk(XENLOG_ERR "audit: not enough memory\n");
    }
    audit_free(&a);
}

void audit_init(void)
{
    debug_key_register('A', "audit frames, event channels and grants",
                       audit_machine);
}
