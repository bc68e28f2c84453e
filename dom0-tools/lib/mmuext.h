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

#endif
