/* SPDX-License-Identifier: MIT */
/*
 * The way from a process of the control domain to the hypervisor: Linux's
 * privcmd driver makes hypercalls for it and maps other domains' memory.
 *
 * What a hypercall reads or writes must lie in memory that stays in place. It
 * comes from a handle's hypercall buffers, a stack of them:
 *
 *   size_t mark = privcmd_mark(p);
 *   void *buf = privcmd_buffer(p, size);      zeroed, 64-byte aligned
 *   ... privcmd_call(p, nr, (uintptr_t)buf, ...) ...
 *   privcmd_release(p, mark);                 buf is gone
 *
 * A handle is used by one thread at a time.
 */
#ifndef LIB_PRIVCMD_H
#define LIB_PRIVCMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "public/types.h"

#include "lib/error.h"

struct privcmd;

/**
 * Open the driver.
 *
 * @p_out  the handle; privcmd_close() ends it
 *
 * Returns 0; -ENOENT where no driver is there (NO_HYPERVISOR); -EACCES where
 *         the caller may not use it (PERMISSION); another error of open().
 * Source: Linux Documentation/ABI, /dev/xen/privcmd.
 */
int privcmd_open(struct privcmd **p_out, struct error **err_out);

/* End a handle with all its buffers. Mappings stay. NULL is let pass. */
void privcmd_close(struct privcmd *p);

/* Where the stack of buffers is now. */
size_t privcmd_mark(const struct privcmd *p);

/**
 * Take a hypercall buffer.
 *
 * @size  in bytes, 1..1 GiB
 *
 * Returns its address, or NULL if there is no memory.
 */
void *privcmd_buffer(struct privcmd *p, size_t size);

/* Give back all buffers taken since the mark. */
void privcmd_release(struct privcmd *p, size_t mark);

/**
 * Make a hypercall.
 *
 * Returns what it returns, or the negative errno of the driver. No error text:
 *         the caller knows what was asked.
 */
int64_t privcmd_call(struct privcmd *p, unsigned int nr, uint64_t a1,
                     uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);

/**
 * Map frames of a domain side by side.
 *
 * @frames  nr frame numbers as the domain's page tables have them: a PV
 *          domain's mfns
 *
 * Returns the address; NULL with an error (HYPERVISOR) where one of them can't
 *         be mapped.
 * Source: Linux include/uapi/xen/privcmd.h, IOCTL_PRIVCMD_MMAP and
 *         IOCTL_PRIVCMD_MMAPBATCH_V2.
 */
void *privcmd_map(struct privcmd *p, domid_t domid, const uint64_t *frames,
                  size_t nr, bool writable, struct error **err_out);

/**
 * Map frames that belong to a domain's resource, as XENMEM_acquire_resource
 * names it, for reading and writing.
 *
 * Returns the address; NULL with an error (HYPERVISOR).
 * Source: the same, IOCTL_PRIVCMD_MMAP_RESOURCE.
 */
void *privcmd_map_resource(struct privcmd *p, domid_t domid, unsigned int type,
                           unsigned int id, uint64_t first, size_t nr,
                           struct error **err_out);

/* End a mapping of nr frames; NULL is let pass. */
void privcmd_unmap(void *address, size_t nr);

#endif
