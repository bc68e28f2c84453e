/* SPDX-License-Identifier: MIT */
/* Layout of a new guest; see layout.h. */
#include "build/layout.h"

#include <errno.h>

#include "public/xen.h"

#define SLACK_PAGES 128  /* 512 KiB behind the boot stack */
#define ROUND_PAGES 1024 /* 4 MiB */
#define L1_PAGES    512UL
#define L2_PAGES    (L1_PAGES << 9)
#define L3_PAGES    (L2_PAGES << 9)

static uint64_t round_up(uint64_t n, uint64_t to)
{
    return (n + to - 1) / to * to;
}

static uint64_t pages_of(uint64_t bytes)
{
    return round_up(bytes, PAGE_SIZE) >> PAGE_SHIFT;
}

/* Tables of one level that [va, va + pages) takes; each covers `cover` pages.
 */
static uint64_t tables_of(uint64_t va, uint64_t pages, uint64_t cover)
{
    uint64_t first = (va >> PAGE_SHIFT) / cover;
    uint64_t last = ((va >> PAGE_SHIFT) + pages - 1) / cover;

    return last - first + 1;
}

/* Tables below the L4. */
static uint64_t lower_tables(uint64_t va, uint64_t pages)
{
    return tables_of(va, pages, L1_PAGES) + tables_of(va, pages, L2_PAGES) +
           tables_of(va, pages, L3_PAGES);
}

/* Pages to map: whole 4 MiB if there are so many. */
static uint64_t mapped_for(uint64_t least, uint64_t most)
{
    uint64_t rounded = round_up(least, ROUND_PAGES);

    if (rounded <= most)
        return rounded;
    return least > most ? least : most;
}

/* Tables, stack and slack behind `pfn`: tables map themselves, too. */
static void tables_place(struct layout *l, uint64_t pfn, uint64_t most)
{
    uint64_t nr = 0, needed = 1;

    while (nr != needed) {
        nr = needed;
        l->mapped_pages = mapped_for(pfn + nr + 1 + SLACK_PAGES, most);
        needed = 1 + lower_tables(l->virt_base, l->mapped_pages);
    }
    l->tables_pfn = pfn;
    l->nr_tables = nr;
    l->stack_pfn = pfn + nr;
}

/* Pages that lie behind those that are mapped. */
static uint64_t unmapped_pages(const struct layout *l)
{
    uint64_t nr = l->ramdisk_mapped ? 0 : l->nr_ramdisk;

    return l->p2m_apart ? nr + l->nr_p2m + l->nr_p2m_tables : nr;
}

/* Whether the p2m's address can have a slot of the L4 to itself. */
static bool p2m_address_fits(const struct layout *l)
{
    uint64_t last = l->p2m_va + (l->nr_p2m << PAGE_SHIFT) - 1;
    uint64_t base_last = l->virt_base + (l->mapped_pages << PAGE_SHIFT) - 1;
    unsigned int shift = PAGE_SHIFT + 27; /* of an L4 slot */

    if (last < l->p2m_va ||
        (last >= HYPERVISOR_VIRT_START && l->p2m_va < HYPERVISOR_VIRT_END))
        return false;
    return last >> shift < l->virt_base >> shift ||
           l->p2m_va >> shift > base_last >> shift;
}

int layout_make(const struct kimage *image, uint64_t ramdisk_size,
                uint64_t nr_pages, struct layout *layout,
                struct error **err_out)
{
    struct layout l = {.virt_base = image->virt_base, .nr_pages = nr_pages};
    uint64_t pfn = pages_of(image->virt_end - image->virt_base);

    l.nr_ramdisk = pages_of(ramdisk_size);
    l.ramdisk_mapped = !image->mod_start_pfn;
    l.nr_p2m = pages_of(nr_pages * sizeof(uint64_t));
    l.p2m_apart = image->has_init_p2m;
    if (l.p2m_apart) {
        l.p2m_va = image->init_p2m;
        l.nr_p2m_tables = lower_tables(l.p2m_va, l.nr_p2m);
    }

    if (l.nr_ramdisk && l.ramdisk_mapped) {
        l.ramdisk_pfn = pfn;
        pfn += l.nr_ramdisk;
    }
    if (!l.p2m_apart) {
        l.p2m_pfn = pfn;
        l.p2m_va = l.virt_base + (pfn << PAGE_SHIFT);
        pfn += l.nr_p2m;
    }
    l.start_info_pfn = pfn++;
    l.store_pfn = pfn++;
    l.console_pfn = pfn++;
    tables_place(&l, pfn,
                 nr_pages > unmapped_pages(&l) ? nr_pages - unmapped_pages(&l)
                                               : 0);
    pfn = l.mapped_pages;
    if (l.nr_ramdisk && !l.ramdisk_mapped) {
        l.ramdisk_pfn = pfn;
        pfn += l.nr_ramdisk;
    }
    if (l.p2m_apart) {
        l.p2m_pfn = pfn;
        pfn += l.nr_p2m + l.nr_p2m_tables;
        if (!p2m_address_fits(&l))
            return error_set(err_out, ERROR_IMAGE, -EINVAL,
                             "the kernel wants its memory list at an address "
                             "that can't be");
    }
    if (pfn > nr_pages) {
        error_set(err_out, ERROR_CONFIG, -ENOSPC,
                  "%llu MiB of memory are too little for this kernel and RAM "
                  "disk",
                  (unsigned long long)nr_pages >> 8);
        return error_hint(err_out, "give it at least %llu MiB",
                          (unsigned long long)round_up(pfn, 256) >> 8);
    }
    *layout = l;
    return 0;
}
