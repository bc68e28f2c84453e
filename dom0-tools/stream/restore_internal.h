/* SPDX-License-Identifier: MIT */
/* What the files that restore a domain share. */
#ifndef STREAM_RESTORE_INTERNAL_H
#define STREAM_RESTORE_INTERNAL_H

#include <stdbool.h>

#include "public/domctl.h"

#include "lib/domctl_state.h"
#include "stream/format.h"
#include "stream/restore.h"

/* What workers and the process that starts them both know. */
struct restore_shared {
    struct record_header next; /* that has been read already */
    uint64_t nr_done;          /* pages, for the progress */
    bool verifying;            /* pages come once more, for comparison */
};

/* Records of one vcpu; data is NULL where there is none. */
struct vcpu_state {
    struct vcpu_guest_context *basic;
    bool has_extended;
    struct xen_domctl_ext_vcpucontext extended;
    struct state_blob xsave;
    struct state_blob msrs;
};

struct restorer {
    struct privcmd *p;
    const struct restore_request *request;
    struct stream *s;
    struct error **err_out;

    struct restore_shared *shared;
    bool has_pv_info;
    bool static_done;
    struct cpu_policy policy;

    uint64_t nr_pfns;  /* 0: not known yet */
    uint64_t *mfn;     /* shared; of each pfn, 0: no memory */
    uint8_t *type;     /* shared; PAGE_* of each pfn */
    uint64_t nr_p2m;   /* pages of the p2m */
    uint64_t *p2m_pfn; /* of each */

    bool has_tsc;
    struct tsc_record tsc;
    void *shared_info;        /* a page; NULL: none yet */
    struct vcpu_state *vcpus; /* request->max_vcpus */
};

/**
 * Read a record's header into shared->next.
 *
 * Returns 0; -EINVAL, -ENODATA (STREAM).
 */
int restore_next(struct restorer *r, struct error **err_out);

/**
 * Take PAGE_DATA records, from shared->next on, until another record comes;
 * that one's header is in shared->next then.
 */
int restore_pages(struct restorer *r);

/* What is to be done when all records are there: page tables, p2m, pages that
 * tell the guest of its new home, vcpus. */
int restore_finish(struct restorer *r, struct restore_result *result);

/* Frame of a pfn that must be an ordinary page. Returns 0; -EINVAL (STREAM). */
int restore_frame(const struct restorer *r, uint64_t pfn, const char *what,
                  uint64_t *mfn_out, struct error **err_out);

#endif
