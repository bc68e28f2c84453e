/* SPDX-License-Identifier: MIT */
/* Copies from and to other domains' pages, through gntdev. */
#include "internal.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <xen/gntdev.h>

static void fill(struct gntdev_grant_copy_segment *segment, domid_t of,
                 const struct os_copy *copy)
{
    *segment = (struct gntdev_grant_copy_segment){.len = copy->size};
    if (copy->to_grant) {
        segment->flags = GNTCOPY_dest_gref;
        segment->source.virt = copy->local;
        segment->dest.foreign.ref = copy->ref;
        segment->dest.foreign.offset = copy->offset;
        segment->dest.foreign.domid = of;
    } else {
        segment->flags = GNTCOPY_source_gref;
        segment->dest.virt = copy->local;
        segment->source.foreign.ref = copy->ref;
        segment->source.foreign.offset = copy->offset;
        segment->source.foreign.domid = of;
    }
}

int port_grants_copy(int fd, domid_t of, const struct os_copy copies[],
                     unsigned int nr)
{
    struct gntdev_grant_copy_segment segments[PORT_MAX_COPIES];
    struct ioctl_gntdev_grant_copy arg = {.count = nr, .segments = segments};

    for (unsigned int i = 0; i < nr; i++)
        fill(&segments[i], of, &copies[i]);
    if (ioctl(fd, IOCTL_GNTDEV_GRANT_COPY, &arg))
        return -errno;
    for (unsigned int i = 0; i < nr; i++)
        if (segments[i].status != GNTST_okay)
            return -EIO;
    return 0;
}
