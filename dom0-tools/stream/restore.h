/* SPDX-License-Identifier: MIT */
/*
 * A PV domain from a libxc stream. The stream may be anybody's work: every
 * length, count, vcpu and pfn is checked before use. What is in the guest's own
 * pages is the guest's affair; the hypervisor checks page tables and registers.
 */
#ifndef STREAM_RESTORE_H
#define STREAM_RESTORE_H

#include "public/types.h"

#include "lib/privcmd.h"
#include "stream/io.h"

struct restore_request {
    domid_t domid;
    unsigned int max_vcpus;
    uint64_t nr_pages; /* that it may have */
    uint32_t store_port;
    uint32_t console_port;
};

struct restore_result {
    uint64_t store_mfn; /* pages for the daemons to share */
    uint64_t console_mfn;
};

/**
 * Fill a new domain from a stream, up to and with its END record.
 *
 * The domain has its vcpus, a limit of memory, ports, but no memory. Where this
 * fails it has some, and is to be destroyed.
 *
 * Returns 0; -EINVAL, -ENODATA (STREAM) where the stream is wrong; -ENOMEM
 *         (HOST_MEMORY); -errno.
 * Source: libxc Domain Image Format, revision 3; revision 2 is taken, too.
 */
int stream_restore(struct privcmd *p, const struct restore_request *request,
                   struct stream *s, struct restore_result *result,
                   struct error **err_out);

#endif
