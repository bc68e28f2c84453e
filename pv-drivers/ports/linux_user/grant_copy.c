/* SPDX-License-Identifier: MIT */
/* Copies from and to other domains' pages, through gntdev. */
#include "internal.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <xen/gntdev.h>

typedef __typeof__(((struct gntdev_grant_copy_segment *)0)->source) copy_end;

static void fill_granted(copy_end *end, domid_t of, grant_ref_t ref,
                         uint16_t offset)
{
    end->foreign.ref = ref;
    end->foreign.offset = offset;
    end->foreign.domid = of;
}

/* Returns whether it is given by a grant. */
static bool fill_local(copy_end *end, void *local)
{
    grant_ref_t ref;

    if (!port_own_grant(local, &ref)) {
        end->virt = local;
        return false;
    }
    fill_granted(end, DOMID_SELF, ref,
                 (uint16_t)((uintptr_t)local % OS_PAGE_SIZE));
    return true;
}

static void fill(struct gntdev_grant_copy_segment *segment, domid_t of,
                 const struct os_copy *copy)
{
    bool granted;

    *segment = (struct gntdev_grant_copy_segment){.len = copy->size};
    if (copy->to_grant) {
        granted = fill_local(&segment->source, copy->local);
        fill_granted(&segment->dest, of, copy->ref, copy->offset);
        segment->flags =
            GNTCOPY_dest_gref | (granted ? GNTCOPY_source_gref : 0);
    } else {
        granted = fill_local(&segment->dest, copy->local);
        fill_granted(&segment->source, of, copy->ref, copy->offset);
        segment->flags =
            GNTCOPY_source_gref | (granted ? GNTCOPY_dest_gref : 0);
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
