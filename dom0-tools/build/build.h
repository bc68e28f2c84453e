/* SPDX-License-Identifier: MIT */
/*
 * Build a PV guest: give a new domain its memory and fill in kernel, RAM disk,
 * p2m, page tables, start_info, shared_info and its first vcpu.
 */
#ifndef BUILD_BUILD_H
#define BUILD_BUILD_H

#include "public/types.h"

#include "build/kernel.h"
#include "build/layout.h"
#include "lib/privcmd.h"

struct build_request {
    domid_t domid;
    const struct kernel *kernel;
    const struct file_data *ramdisk; /* NULL: none */
    const char *cmdline;             /* below MAX_GUEST_CMDLINE bytes */
    const struct layout *layout;     /* of this kernel and RAM disk */
    uint32_t store_port;             /* event channels of the domain */
    uint32_t console_port;
};

struct build_result {
    uint64_t store_mfn; /* pages for the daemons to share */
    uint64_t console_mfn;
};

/**
 * Build.
 *
 * The domain is new: it has its vcpus, a limit of memory, ports, but no memory.
 * Where this fails it has some, and is to be destroyed.
 *
 * Returns 0; -ENOMEM (HOST_MEMORY, NO_MEMORY); -errno.
 * Source: public/xen.h, struct start_info; public/elfnote.h.
 */
int build_domain(struct privcmd *p, const struct build_request *request,
                 struct build_result *result, struct error **err_out);

#endif
