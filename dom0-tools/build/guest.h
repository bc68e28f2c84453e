/* SPDX-License-Identifier: MIT */
/* Memory of a guest that is being built, by its pfns. */
#ifndef BUILD_GUEST_H
#define BUILD_GUEST_H

#include <stddef.h>
#include <stdint.h>

#include "public/types.h"

#include "lib/privcmd.h"

struct guest {
    struct privcmd *p;
    domid_t domid;
    uint64_t nr_pages;
    uint64_t *mfn; /* of each pfn: the p2m */
};

/**
 * Write into a guest: `size` bytes of data at byte `offset` of its memory, then
 * zeros up to `total`.
 *
 * Returns 0; -EINVAL where it has not that much; -errno.
 */
int guest_write(const struct guest *g, uint64_t offset, const void *data,
                size_t size, size_t total, struct error **err_out);

/* The same with the bytes that are in a file from `at` on. Returns also -errno
 * (IMAGE) where they can't be read. */
int guest_write_file(const struct guest *g, uint64_t offset, int fd,
                     uint64_t at, size_t size, size_t total,
                     struct error **err_out);

#endif
