/* SPDX-License-Identifier: MIT */
/* What the hypervisor says about itself. */
#ifndef LIB_VERSION_H
#define LIB_VERSION_H

#include "public/version.h"

#include "lib/privcmd.h"

struct version_info {
    unsigned int major;
    unsigned int minor;
    unsigned int page_size; /* bytes */
    xen_extraversion_t extra;
    struct xen_compile_info compile;
    xen_capabilities_info_t capabilities;
    xen_changeset_info_t changeset;
    xen_commandline_t command_line;
    uint64_t virt_start; /* first address that is not the guest's */
    char build_id[129];  /* hexadecimal, "" where there is none */
};

/**
 * Read all of it.
 *
 * Returns 0, or -errno of the call that failed.
 * Source: public/version.h.
 */
int version_read(struct privcmd *p, struct version_info *info_out,
                 struct error **err_out);

#endif
