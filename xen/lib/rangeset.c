/* SPDX-License-Identifier: MIT */
/* Sets of numbers as a sorted list of ranges. */
#include "xen/rangeset.h"

#include "xen/errno.h"
#include "xen/heap.h"
#include "xen/list.h"

struct range {
    struct list_head list; /* in rangeset.ranges */
    u64 first, last;
};

struct rangeset {
    struct list_head ranges; /* by growing first; gaps between all of them */
    unsigned int nr_ranges;
    unsigned int max_ranges;
};

struct rangeset *rangeset_new(unsigned int max_ranges)
{
    struct rangeset *r = xzalloc(struct rangeset);

    if (r == NULL)
        return NULL;
    list_init(&r->ranges);
    r->max_ranges = max_ranges;
    return r;
}

static void range_free(struct rangeset *r, struct range *range)
{
    list_del(&range->list);
    r->nr_ranges--;
    xfree(range);
}

void rangeset_destroy(struct rangeset *r)
{
    struct range *range, *next;

    if (r == NULL)
        return;
    list_for_each_entry_safe(range, next, &r->ranges, list)
        range_free(r, range);
    xfree(r);
}

/* The first range that ends at `value` or after it; NULL if none does. */
static struct range *range_at_or_after(const struct rangeset *r, u64 value)
{
    struct range *range;

    list_for_each_entry(range, &r->ranges, list)
        if (range->last >= value)
            return range;

    return NULL;
}

/* Insert a new range before `next`; at the end where next is NULL. */
static int range_insert(struct rangeset *r, struct range *next, u64 first,
                        u64 last)
{
    struct range *range;

    if (r->nr_ranges >= r->max_ranges)
        return -ENOSPC;
    range = xzalloc(struct range);
    if (range == NULL)
        return -ENOMEM;
    range->first = first;
    range->last = last;
    list_add_tail(&range->list, next ? &next->list : &r->ranges);
    r->nr_ranges++;
    return 0;
}

/* Free what `range`, which has grown, now covers or touches behind it. */
static void merge_followers(struct rangeset *r, struct range *range)
{
    while (range->list.next != &r->ranges) {
        struct range *next = list_entry(range->list.next, struct range, list);

        if (range->last != ~0ULL && next->first > range->last + 1)
            return;
        if (next->last > range->last)
            range->last = next->last;
        range_free(r, next);
    }
}

int rangeset_add(struct rangeset *r, u64 first, u64 last)
{
    /* A neighbour that ends just below is to be extended, too. */
    struct range *range = range_at_or_after(r, first == 0 ? 0 : first - 1);

    if (first > last)
        return -EINVAL;
    if (range == NULL || (last != ~0ULL && range->first > last + 1))
        return range_insert(r, range, first, last);

    if (first < range->first)
        range->first = first;
    if (last > range->last)
        range->last = last;
    merge_followers(r, range);
    return 0;
}

/* Cut first..last out of the middle of a range. */
static int range_split(struct rangeset *r, struct range *range, u64 first,
                       u64 last)
{
    int rc = range_insert(r, range, range->first, first - 1);

    if (rc == 0)
        range->first = last + 1;
    return rc;
}

int rangeset_remove(struct rangeset *r, u64 first, u64 last)
{
    struct range *range, *next;

    if (first > last)
        return -EINVAL;

    list_for_each_entry_safe(range, next, &r->ranges, list) {
        if (range->last < first)
            continue;
        if (range->first > last)
            break;
        if (range->first < first && range->last > last)
            return range_split(r, range, first, last);
        if (range->first >= first && range->last <= last)
            range_free(r, range);
        else if (range->first < first)
            range->last = first - 1;
        else
            range->first = last + 1;
    }
    return 0;
}

bool rangeset_contains(const struct rangeset *r, u64 first, u64 last)
{
    const struct range *range = r ? range_at_or_after(r, first) : NULL;

    return range && first <= last && range->first <= first &&
           range->last >= last;
}

bool rangeset_overlaps(const struct rangeset *r, u64 first, u64 last)
{
    const struct range *range = r ? range_at_or_after(r, first) : NULL;

    return range && first <= last && range->first <= last;
}

bool rangeset_empty(const struct rangeset *r)
{
    return r == NULL || list_empty(&r->ranges);
}

int rangeset_for_each(const struct rangeset *r,
                      int (*fn)(u64 first, u64 last, void *arg), void *arg)
{
    const struct range *range;
    int rc;

    if (r == NULL)
        return 0;
    list_for_each_entry(range, &r->ranges, list) {
        rc = fn(range->first, range->last, arg);
        if (rc != 0)
            return rc;
    }
    return 0;
}
