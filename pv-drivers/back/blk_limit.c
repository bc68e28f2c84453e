/* SPDX-License-Identifier: MIT */
/* Limits of requests and bytes per second. */
#include "blk_internal.h"

void back_limits_read(struct blkback *b)
{
    limit_set(&b->iops, store_read_or(b->bus.node, "iops", 0));
    limit_set(&b->bps, store_read_or(b->bus.node, "bps", 0));
}

uint64_t back_limits_until(const struct blkback *b, uint64_t now_ns)
{
    uint64_t iops = limit_until(&b->iops, now_ns);
    uint64_t bps = limit_until(&b->bps, now_ns);

    return iops > bps ? iops : bps;
}

void back_limits_charge(struct blkback *b, uint64_t now_ns, uint64_t bytes)
{
    limit_charge(&b->iops, now_ns, 1);
    limit_charge(&b->bps, now_ns, bytes);
}
