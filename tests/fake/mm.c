/* SPDX-License-Identifier: MIT */
/* Hypervisor mappings: RAM is mapped a second time; device memory is plain
 * memory, zeroed by each new mapping. */
#define _GNU_SOURCE
#include "asm/mm.h"

#include <sys/mman.h>

#include "xen/errno.h"
#include "xen/mm.h"
#include "fake/ram.h"

int map_pages_to_xen(unsigned long va, mfn_t mfn, unsigned long nr, u64 flags)
{
    bool ram = mfn_valid(mfn);
    void *p;

    (void)flags;
    p = mmap((void *)va, nr << PAGE_SHIFT, PROT_READ | PROT_WRITE,
             MAP_FIXED | (ram ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS),
             ram ? fake_ram_fd : -1, ram ? mfn_x(mfn) << PAGE_SHIFT : 0);
    return p == MAP_FAILED ? -ENOMEM : 0;
}

void destroy_xen_mappings(unsigned long va, unsigned long nr)
{
    if (mmap((void *)va, nr << PAGE_SHIFT, PROT_NONE,
             MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
             0) == MAP_FAILED)
        BUG();
}
