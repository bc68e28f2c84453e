/* SPDX-License-Identifier: MIT */
/* Page tables of other domains. */
#ifndef LIB_MMUEXT_H
#define LIB_MMUEXT_H

#include "lib/privcmd.h"

/**
 * Validate a PV domain's tables from its top-level table down, and keep them
 * valid. None of them may be mapped for writing meanwhile.
 *
 * Returns 0; -EINVAL where they are not right; -errno.
 * Source: public/xen.h, MMUEXT_PIN_L4_TABLE.
 */
int mmuext_pin_l4(struct privcmd *p, domid_t domid, uint64_t mfn,
                  struct error **err_out);

/* A table to be pinned as one of its level, 1 to 4. */
struct mmuext_pin {
    unsigned int level;
    uint64_t mfn;
};

/* The same for many tables of any level. */
int mmuext_pin(struct privcmd *p, domid_t domid, const struct mmuext_pin *pins,
               size_t nr, struct error **err_out);

#endif
