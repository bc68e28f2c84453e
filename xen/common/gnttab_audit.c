/* SPDX-License-Identifier: MIT */
/* Grants on the console, and their books: uses of a domain's entries against
 * the mappings of all domains. */
#include "gnttab_internal.h"

#include "xen/audit.h"
#include "xen/debug_key.h"
#include "xen/printk.h"

struct totals {
    unsigned long nr_read, nr_write;
};

static bool is_mapped(const struct gnttab_maptrack *map)
{
    return map->flags & (GNTTAB_MAPPED | GNTTAB_UNMAPPING(GNTTAB_MAPPED));
}

/* Add the mappings that d holds of rd's entries. */
static void count_mappings(struct domain *d, const struct domain *rd,
                           struct totals *t)
{
    struct gnttab *gt = d->gnttab;

    spin_lock(&gt->maptrack_lock);
    for (u32 h = 0; h < gt->nr_maptrack_frames * MAPTRACK_PER_FRAME; h++) {
        const struct gnttab_maptrack *map = gnttab_maptrack(gt, h);

        if (!is_mapped(map) || map->rd != rd)
            continue;
        if (map->flags & GNTMAP_readonly)
            t->nr_read++;
        else
            t->nr_write++;
    }
    spin_unlock(&gt->maptrack_lock);
}

/* A frame in use belongs to somebody, and counts what uses it. */
static bool entry_sound(const struct gnttab_active *act)
{
    const struct page_info *pg;

    if (!gnttab_in_use(act) || act->kind == GRANT_transitive)
        return true;
    if (!mfn_valid(_mfn(act->frame)))
        return false;
    pg = mfn_to_page(_mfn(act->frame));
    if ((pg->count_info & PGC_count_mask) < act->nr_read + act->nr_write)
        return false;
    return act->nr_write == 0 ||
           ((pg->type_info & PGT_type_mask) == PGT_writable &&
            (pg->type_info & PGT_count_mask) >= act->nr_write);
}

static unsigned int audit_entries(struct domain *d, struct totals *t)
{
    struct gnttab *gt = d->gnttab;
    unsigned int bad = 0;

    spin_lock(&gt->lock);
    for (grant_ref_t ref = 0; ref < gnttab_nr_entries(gt); ref++) {
        const struct gnttab_active *act = gnttab_active(gt, ref);

        t->nr_read += act->nr_read;
        t->nr_write += act->nr_write;
        if (entry_sound(act))
            continue;
        printk(XENLOG_ERR "d%d grant %u: mfn %x does not count its %u users\n",
               d->domain_id, ref, act->frame, act->nr_read + act->nr_write);
        bad++;
    }
    spin_unlock(&gt->lock);
    return bad;
}

unsigned int gnttab_audit(struct domain *d)
{
    struct totals used = {0}, mapped = {0};
    unsigned int bad;
    unsigned int next = 0;
    struct domain *other;

    if (d->gnttab == NULL)
        return 0;
    bad = audit_entries(d, &used);
    while (next < DOMID_FIRST_RESERVED &&
           (other = domain_get_next(next)) != NULL) {
        next = other->domain_id + 1u;
        if (other->gnttab != NULL)
            count_mappings(other, d, &mapped);
        domain_put(other);
    }
    if (used.nr_read == mapped.nr_read && used.nr_write == mapped.nr_write)
        return bad;
    printk(XENLOG_ERR
           "d%d grants: %lu+%lu uses, but %lu+%lu mappings (read+write)\n",
           d->domain_id, used.nr_read, used.nr_write, mapped.nr_read,
           mapped.nr_write);
    return bad + 1;
}

void gnttab_audit_frames(struct domain *d, struct audit *a)
{
    struct gnttab *gt = d->gnttab;

    if (gt == NULL)
        return;
    spin_lock(&gt->lock);
    for (grant_ref_t ref = 0; ref < gnttab_nr_entries(gt); ref++) {
        const struct gnttab_active *act = gnttab_active(gt, ref);

        if (act->kind == GRANT_transitive)
            continue;
        for (u32 i = 0; i < act->nr_read + act->nr_write; i++)
            audit_see(a, _mfn(act->frame), i < act->nr_write);
    }
    spin_unlock(&gt->lock);
}

void gnttab_dump(struct domain *d)
{
    struct gnttab *gt = d->gnttab;

    if (gt == NULL)
        return;
    spin_lock(&gt->lock);
    printk("d%d: version %u, %u of %u frames, %u mappings of others\n",
           d->domain_id, gt->version, gt->nr_frames, gt->max_frames,
           READ_ONCE(gt->nr_maps));
    for (grant_ref_t ref = 0; ref < gnttab_nr_entries(gt); ref++) {
        const struct gnttab_active *act = gnttab_active(gt, ref);

        if (gnttab_in_use(act))
            printk("  %5u: d%d mfn %08x, %u read, %u write\n", ref, act->domid,
                   act->frame, act->nr_read, act->nr_write);
    }
    spin_unlock(&gt->lock);
}

static void dump_all(void)
{
    unsigned int next = 0;
    struct domain *d;

    while (next < DOMID_FIRST_RESERVED && (d = domain_get_next(next)) != NULL) {
        next = d->domain_id + 1u;
        gnttab_dump(d);
        domain_put(d);
    }
}

void gnttab_init(void)
{
    debug_key_register('g', "grant tables", dump_all);
}
