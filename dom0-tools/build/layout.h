/* SPDX-License-Identifier: MIT */
/*
 * Where everything lies in a new PV guest's memory. Its pfns begin at 0; pfn n
 * is mapped at virt_base + n * 4096 up to mapped_pages, read-only where it is a
 * page table:
 *
 *   0                 (what is below the kernel)
 *   kernel            image, with its zeroed part
 *   [RAM disk]        where the kernel wants it mapped
 *   [p2m]             where the kernel names no address for it
 *   start_info, store page, console page
 *   page tables       L4, L3, L2, L1s
 *   boot stack        one page
 *   ...               at least 512 KiB, up to a multiple of 4 MiB if there is
 *                     so much
 *   mapped_pages
 *   [RAM disk]        where it may be left unmapped
 *   [p2m]             where the kernel names an address: mapped there only,
 *   [p2m's tables]      by tables right behind it
 */
#ifndef BUILD_LAYOUT_H
#define BUILD_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "xen/kimage.h"

#include "lib/error.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)

struct layout {
    uint64_t virt_base;
    uint64_t nr_pages; /* of the guest */
    uint64_t mapped_pages;

    uint64_t ramdisk_pfn; /* nr_ramdisk is 0 where there is none */
    uint64_t nr_ramdisk;
    bool ramdisk_mapped;

    uint64_t p2m_pfn;
    uint64_t nr_p2m; /* pages of the list itself */
    uint64_t p2m_va; /* address of its first entry */
    bool p2m_apart;  /* at an address of its own */
    uint64_t nr_p2m_tables;

    uint64_t start_info_pfn;
    uint64_t store_pfn;
    uint64_t console_pfn;
    uint64_t tables_pfn; /* the L4 is the first */
    uint64_t nr_tables;
    uint64_t stack_pfn;
};

/**
 * Lay out a guest.
 *
 * @image         its kernel
 * @ramdisk_size  in bytes, 0: none
 * @nr_pages      its memory
 *
 * Returns 0; -ENOSPC (CONFIG) where it is too small, with what it needs;
 *         -EINVAL (IMAGE) where the kernel wants an address that can't be.
 */
int layout_make(const struct kimage *image, uint64_t ramdisk_size,
                uint64_t nr_pages, struct layout *layout,
                struct error **err_out);

#endif
