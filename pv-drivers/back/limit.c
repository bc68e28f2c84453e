/* SPDX-License-Identifier: MIT */
/* Limits per second; see limit.h. */
#include "limit.h"

#define SECOND_NS 1000000000UL
#define BURST_NS  (SECOND_NS / 10)

void limit_set(struct limit *limit, uint64_t per_second)
{
    if (limit->per_second == per_second)
        return;
    limit->per_second = per_second;
    limit->paid_ns = 0;
}

void limit_charge(struct limit *limit, uint64_t now_ns, uint64_t amount)
{
    if (!limit->per_second)
        return;
    if (limit->paid_ns + BURST_NS < now_ns)
        limit->paid_ns = now_ns - BURST_NS;
    limit->paid_ns += amount * SECOND_NS / limit->per_second;
}
