/* SPDX-License-Identifier: MIT */
/*
 * Memory shared by grants, through Linux's devices: /dev/xen/gntdev maps what
 * other domains have granted to this one, /dev/xen/gntalloc makes pages that
 * this one grants. (For tables of domains that are being built see gnttab.h.)
 *
 * Mappings are the descriptor's and the process's: they last until they are
 * unmapped, also where the other domain ends.
 */
#ifndef LIB_GNTDEV_H
#define LIB_GNTDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Open the devices. Return a descriptor; -errno. */
int gntdev_open(void);
int gntalloc_open(void);

/**
 * Map pages that a domain has granted, side by side.
 *
 * @refs         nr grant references, 1 to 1024
 * @address_out  where they are
 *
 * Returns 0; -EINVAL where one of them is no grant to this domain; -errno.
 * Source: Linux include/uapi/xen/gntdev.h, IOCTL_GNTDEV_MAP_GRANT_REF.
 */
int gntdev_map(int fd, uint16_t domid, const uint32_t *refs, size_t nr,
               bool writable, void **address_out);

/* End a mapping of nr pages that gntdev_map() made. Returns 0; -errno. */
int gntdev_unmap(int fd, void *address, size_t nr);

/**
 * When the mapping ends, also because this process does: clear a byte of it,
 * and send an event.
 *
 * @byte  in a page that gntdev_map() mapped for writing, or NULL
 * @port  a port of this domain that evtchn_dev bound, or 0: none
 *
 * Returns 0; -errno.
 */
int gntdev_unmap_notify(int fd, void *byte, uint32_t port);

/**
 * Make pages, side by side and zeroed, that a domain may map.
 *
 * @refs_out  nr references, to be told to it
 *
 * Returns 0; -errno.
 * Source: Linux include/uapi/xen/gntalloc.h, IOCTL_GNTALLOC_ALLOC_GREF.
 */
int gntalloc_map(int fd, uint16_t domid, size_t nr, bool writable,
                 uint32_t *refs_out, void **address_out);

/* End it. The pages live on until the other domain has unmapped them. */
int gntalloc_unmap(void *address, size_t nr);

#endif
