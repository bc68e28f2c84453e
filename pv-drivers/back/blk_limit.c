/* SPDX-License-Identifier: MIT */
/*
 * Limits of requests and bytes per second. Each request costs time, which has
 * to pass before the next; so much may be saved up while nothing is asked for.
 */
#include "blk_internal.h"

#define SECOND_NS 1000000000UL
#define BURST_NS  (SECOND_NS / 20)

static void set(struct back_limit *limit, uint64_t per_second)
{
    if (limit->per_second == per_second)
        return;
    limit->per_second = per_second;
    limit->paid_ns = 0;
}

void limit_read(struct blkback *b)
{
    set(&b->iops, store_read_or(b->bus.node, "iops", 0));
    set(&b->bps, store_read_or(b->bus.node, "bps", 0));
}

uint64_t limit_wait(const struct blkback *b, uint64_t now_ns)
{
    uint64_t until =
        b->iops.paid_ns > b->bps.paid_ns ? b->iops.paid_ns : b->bps.paid_ns;

    return until > now_ns ? until : 0;
}

static void charge(struct back_limit *limit, uint64_t now_ns, uint64_t amount)
{
    if (!limit->per_second)
        return;
    if (limit->paid_ns + BURST_NS < now_ns)
        limit->paid_ns = now_ns - BURST_NS;
    limit->paid_ns += amount * SECOND_NS / limit->per_second;
}

void limit_charge(struct blkback *b, uint64_t now_ns, uint64_t bytes)
{
    charge(&b->iops, now_ns, 1);
    charge(&b->bps, now_ns, bytes);
}
