/* SPDX-License-Identifier: MIT */
/*
 * The memory of a PV guest as the guest itself lists it: its p2m, which it
 * tells tools the place of by the shared page. All of it is the guest's word,
 * and is checked.
 */
#ifndef STREAM_P2M_H
#define STREAM_P2M_H

#include <stdint.h>

#include "public/types.h"

#include "lib/privcmd.h"

#define NO_PFN      UINT32_MAX
#define NO_FRAME    UINT64_MAX

#define P2M_ENTRIES 512u /* of a page of the p2m */

struct guest_p2m {
    uint64_t nr_pfns;
    uint64_t *mfn;       /* of each pfn, NO_FRAME: none */
    uint64_t nr_frames;  /* pages of the p2m itself */
    uint64_t *frame_mfn; /* of each */
    uint64_t nr_mfns;    /* of the host */
    uint32_t *pfn;       /* of each mfn, NO_PFN - 1 - x: see p2m_pfn() */
    void *shared_info;   /* the guest's, mapped; not written */
    uint64_t shared_info_mfn;
};

/**
 * Read a guest's p2m. The guest does not run.
 *
 * @p2m  p2m_free() ends it, also after an error
 *
 * Returns 0; -EINVAL (STREAM) where the guest's words make no sense;
 *         -EOPNOTSUPP (STREAM) where it tells nothing; -errno.
 * Source: public/arch_x86_64.h, struct arch_shared_info.
 */
int p2m_read(struct privcmd *p, domid_t domid, struct guest_p2m *p2m,
             struct error **err_out);
void p2m_free(struct guest_p2m *p2m);

/* The pfn of a frame, NO_PFN where it is none of the guest's. */
uint32_t p2m_pfn(const struct guest_p2m *p2m, uint64_t mfn);

#endif
