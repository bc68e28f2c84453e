/* SPDX-License-Identifier: MIT */
/*
 * A limit per second. What is done costs time, which has to pass before the
 * next; a tenth of a second may be saved up while nothing is asked for. What
 * has waited loses nothing by it if we come late.
 */
#ifndef BACK_LIMIT_H
#define BACK_LIMIT_H

#include "pv/os.h"

struct limit {
    uint64_t per_second; /* 0: no limit */
    uint64_t paid_ns;    /* what was done so far is paid for at this time */
    uint64_t seen_ns;    /* when something was done, or waited */
    bool awaited;        /* something has waited since */
};

/** Set it, also again: one that is the same goes on. */
void limit_set(struct limit *limit, uint64_t per_second);

/** Account for what is done now. */
void limit_charge(struct limit *limit, uint64_t now_ns, uint64_t amount);

/** Something has to wait until what was done is paid for. */
static inline void limit_wait(struct limit *limit)
{
    limit->awaited = true;
}

/** 0: go on; or the time when that is allowed. */
static inline uint64_t limit_until(const struct limit *limit, uint64_t now_ns)
{
    return limit->paid_ns > now_ns ? limit->paid_ns : 0;
}

#endif
