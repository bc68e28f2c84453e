/* SPDX-License-Identifier: MIT */
/* /dev/xen/gntdev and /dev/xen/gntalloc; see gntdev.h. */
#include "lib/gntdev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "public/grant_table.h"

#include <xen/gntalloc.h>
#include <xen/gntdev.h>

#define PAGE_SIZE 4096UL
#define MAX_PAGES 1024

static int device_open(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

int gntdev_open(void)
{
    return device_open("/dev/xen/gntdev");
}

int gntalloc_open(void)
{
    return device_open("/dev/xen/gntalloc");
}

static int pages_map(int fd, uint64_t index, size_t nr, bool writable,
                     void **address_out)
{
    void *address =
        mmap(NULL, nr * PAGE_SIZE, PROT_READ | (writable ? PROT_WRITE : 0),
             MAP_SHARED, fd, (off_t)index);

    if (address == MAP_FAILED)
        return -errno;
    *address_out = address;
    return 0;
}

int gntdev_map(int fd, uint16_t domid, const uint32_t *refs, size_t nr,
               bool writable, void **address_out)
{
    struct ioctl_gntdev_unmap_grant_ref unmap = {.count = (uint32_t)nr};
    struct ioctl_gntdev_map_grant_ref *map;
    size_t i;
    int rc;

    if (nr == 0 || nr > MAX_PAGES)
        return -EINVAL;
    map = calloc(1, sizeof(*map) + nr * sizeof(map->refs[0]));
    if (!map)
        return -ENOMEM;
    map->count = (uint32_t)nr;
    for (i = 0; i < nr; i++)
        map->refs[i] =
            (struct ioctl_gntdev_grant_ref){.domid = domid, .ref = refs[i]};
    rc = ioctl(fd, IOCTL_GNTDEV_MAP_GRANT_REF, map) ? -errno : 0;
    if (!rc) {
        rc = pages_map(fd, map->index, nr, writable, address_out);
        unmap.index = map->index;
        if (rc)
            ioctl(fd, IOCTL_GNTDEV_UNMAP_GRANT_REF, &unmap);
    }
    free(map);
    return rc;
}

int gntdev_unmap(int fd, void *address, size_t nr)
{
    struct ioctl_gntdev_get_offset_for_vaddr where = {.vaddr =
                                                          (uintptr_t)address};
    struct ioctl_gntdev_unmap_grant_ref unmap = {.count = (uint32_t)nr};

    if (ioctl(fd, IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR, &where))
        return -errno;
    if (munmap(address, nr * PAGE_SIZE))
        return -errno;
    unmap.index = where.offset;
    return ioctl(fd, IOCTL_GNTDEV_UNMAP_GRANT_REF, &unmap) ? -errno : 0;
}

int gntdev_unmap_notify(int fd, void *byte, uint32_t port)
{
    uintptr_t page = (uintptr_t)byte & ~(PAGE_SIZE - 1);
    struct ioctl_gntdev_get_offset_for_vaddr where = {.vaddr = page};
    struct ioctl_gntdev_unmap_notify notify = {.event_channel_port = port};

    if (!byte)
        return -EINVAL;
    if (ioctl(fd, IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR, &where))
        return -errno;
    notify.index = where.offset + ((uintptr_t)byte - page);
    notify.action =
        UNMAP_NOTIFY_CLEAR_BYTE | (port ? UNMAP_NOTIFY_SEND_EVENT : 0);
    return ioctl(fd, IOCTL_GNTDEV_SET_UNMAP_NOTIFY, &notify) ? -errno : 0;
}

int gntalloc_map(int fd, uint16_t domid, size_t nr, bool writable,
                 uint32_t *refs_out, void **address_out)
{
    struct ioctl_gntalloc_dealloc_gref dealloc = {.count = (uint32_t)nr};
    struct ioctl_gntalloc_alloc_gref *alloc;
    int rc;

    if (nr == 0 || nr > MAX_PAGES)
        return -EINVAL;
    alloc = calloc(1, sizeof(*alloc) + nr * sizeof(alloc->gref_ids[0]));
    if (!alloc)
        return -ENOMEM;
    alloc->domid = domid;
    alloc->flags = writable ? GNTALLOC_FLAG_WRITABLE : 0;
    alloc->count = (uint32_t)nr;
    rc = ioctl(fd, IOCTL_GNTALLOC_ALLOC_GREF, alloc) ? -errno : 0;
    if (!rc) {
        rc = pages_map(fd, alloc->index, nr, true, address_out);
        memcpy(refs_out, alloc->gref_ids, nr * sizeof(*refs_out));
        /* The mapping keeps the pages; without one they are of no use. */
        dealloc.index = alloc->index;
        ioctl(fd, IOCTL_GNTALLOC_DEALLOC_GREF, &dealloc);
    }
    free(alloc);
    return rc;
}

int gntalloc_unmap(void *address, size_t nr)
{
    return munmap(address, nr * PAGE_SIZE) ? -errno : 0;
}
