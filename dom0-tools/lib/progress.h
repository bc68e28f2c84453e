/* SPDX-License-Identifier: MIT */
/* How long work tells how far it is, without knowing who shows it. */
#ifndef LIB_PROGRESS_H
#define LIB_PROGRESS_H

#include <stdint.h>

/**
 * Called now and then, as often as is easy.
 *
 * @done, @total  bytes; total 0: not known
 */
typedef void progress_fn(void *ctx, uint64_t done, uint64_t total);

/* Whom to tell; fn NULL: nobody. */
struct progress {
    progress_fn *fn;
    void *ctx;
};

static inline void progress_tell(const struct progress *p, uint64_t done,
                                 uint64_t total)
{
    if (p && p->fn)
        p->fn(p->ctx, done, total);
}

#endif
