/* SPDX-License-Identifier: MIT */
/* Limits of requests and bytes per second. */
#include "blk_internal.h"

void back_limits_read(struct blkback *b)
{
    limit_set(&b->iops, store_read_or(b->life.bus.node, "iops", 0));
    limit_set(&b->bps, store_read_or(b->life.bus.node, "bps", 0));
}

/* Without one, not even the time is asked for. */
static bool is_limited(const struct blkback *b)
{
    return b->iops.per_second || b->bps.per_second;
}

uint64_t back_limits_until(const struct blkback *b)
{
    uint64_t now, iops, bps;

    if (!is_limited(b))
        return 0;
    now = os_now_ns();
    iops = limit_until(&b->iops, now);
    bps = limit_until(&b->bps, now);
    return iops > bps ? iops : bps;
}

void back_limits_charge(struct blkback *b, uint64_t bytes)
{
    uint64_t now;

    if (!is_limited(b))
        return;
    now = os_now_ns();
    limit_charge(&b->iops, now, 1);
    limit_charge(&b->bps, now, bytes);
}
