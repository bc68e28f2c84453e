/* SPDX-License-Identifier: MIT */
/* Limits per second; see limit.h. */
#include "limit.h"

#define SECOND_NS 1000000000UL
#define BURST_NS  (SECOND_NS / 10)

/* We are not that late; the process was stopped. */
#define LATE_NS SECOND_NS

void limit_set(struct limit *limit, uint64_t per_second)
{
    if (limit->per_second != per_second)
        *limit = (struct limit){.per_second = per_second};
}

/* What may have been saved up by now: no more than when we last looked, beyond
 * what may always be. */
static uint64_t most_saved(const struct limit *limit)
{
    uint64_t saved =
        limit->seen_ns > limit->paid_ns ? limit->seen_ns - limit->paid_ns : 0;

    if (saved < BURST_NS)
        return BURST_NS;
    return saved > LATE_NS ? LATE_NS : saved;
}

void limit_charge(struct limit *limit, uint64_t now_ns, uint64_t amount)
{
    uint64_t saved;

    if (!limit->per_second)
        return;
    if (limit->awaited)
        limit->seen_ns = now_ns;
    saved = most_saved(limit);
    if (limit->paid_ns + saved < now_ns)
        limit->paid_ns = now_ns - saved;
    limit->paid_ns += amount * SECOND_NS / limit->per_second;
    limit->seen_ns = now_ns;
    limit->awaited = false;
}
