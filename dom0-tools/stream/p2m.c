/* SPDX-License-Identifier: MIT */
/*
 * Finding a guest's p2m; see p2m.h. Either it is mapped in the guest's address
 * space, and the tables that map it are walked:
 *
 *   p2m_cr3 ─▶ L4 ─▶ L3 ─▶ L2 ─▶ L1 ─▶ page of the p2m
 *
 * or the guest keeps lists: pfn_to_mfn_frame_list_list has the frames of pages
 * that have the frames of the p2m's pages.
 */
#include "stream/p2m.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "public/xen.h"

#include "build/layout.h"
#include "lib/domctl.h"
#include "lib/sysctl.h"
#include "stream/format.h"
#include "stream/io.h"

#define ENTRIES   512u
#define PTE_FRAME 0x000ffffffffff000ULL
#define MAP_PAGES 1024u /* mapped at a time */

static int out_of_memory(struct error **err_out)
{
    return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
}

/* Pages full of 8-byte entries, one behind the other, copied. */
static int pages_copy(struct privcmd *p, domid_t domid, const uint64_t *mfns,
                      uint64_t nr, uint64_t *entries, struct error **err_out)
{
    uint64_t done, part;

    for (done = 0; done < nr; done += part) {
        void *pages;

        part = nr - done < MAP_PAGES ? nr - done : MAP_PAGES;
        pages = privcmd_map(p, domid, mfns + done, part, false, err_out);
        if (!pages)
            return error_wrap(err_out, "the guest's list of its memory");
        memcpy(entries + done * ENTRIES, pages, part << PAGE_SHIFT);
        privcmd_unmap(pages, part);
    }
    return 0;
}

/*
 * One level down: of the tables in `tables`, which map from `base` on, the
 * entries for [va, va + size) as frames. Each entry covers 1 << shift bytes.
 */
static int level_frames(const uint64_t *tables, uint64_t base, uint64_t va,
                        uint64_t size, unsigned int shift, uint64_t **frames,
                        uint64_t *nr, struct error **err_out)
{
    uint64_t first = (va - base) >> shift, i;

    *nr = ((va + size - 1) >> shift) - (va >> shift) + 1;
    *frames = calloc(*nr, sizeof(**frames));
    if (!*frames)
        return out_of_memory(err_out);
    for (i = 0; i < *nr; i++) {
        uint64_t pte = tables[first + i];

        if (!(pte & 1))
            return stream_bad(err_out,
                              "the guest's list of its memory has a hole");
        (*frames)[i] = (pte & PTE_FRAME) >> PAGE_SHIFT;
    }
    return 0;
}

/* Frames of the p2m's pages, by the tables from cr3 down. */
static int tables_walk(struct privcmd *p, domid_t domid, uint64_t cr3,
                       uint64_t va, struct guest_p2m *p2m,
                       struct error **err_out)
{
    uint64_t *frames = malloc(sizeof(*frames)), *tables, nr = 1;
    uint64_t size = p2m->nr_frames << PAGE_SHIFT, mask = 0;
    int level, rc = 0;

    if (!frames)
        return out_of_memory(err_out);
    frames[0] = (cr3 & PTE_FRAME) >> PAGE_SHIFT;
    for (level = 4; level >= 1 && !rc; level--) {
        unsigned int shift = PAGE_SHIFT + 9 * ((unsigned int)level - 1);

        /* Bits of an address that this level's tables and those above tell. */
        mask = level == 4 ? ~((1ULL << 48) - 1) : ~((1ULL << (shift + 9)) - 1);
        tables = malloc(nr << PAGE_SHIFT);
        rc = tables ? pages_copy(p, domid, frames, nr, tables, err_out)
                    : out_of_memory(err_out);
        free(frames);
        frames = NULL;
        if (!rc)
            rc = level_frames(tables, va & mask, va, size, shift, &frames, &nr,
                              err_out);
        free(tables);
    }
    p2m->frame_mfn = frames;
    return rc;
}

/* The same by the guest's lists. */
static int lists_read(struct privcmd *p, domid_t domid, uint64_t top,
                      struct guest_p2m *p2m, struct error **err_out)
{
    uint64_t nr_lists = (p2m->nr_frames + ENTRIES - 1) / ENTRIES;
    uint64_t *lists = malloc(PAGE_SIZE), *frames;
    int rc;

    if (!lists)
        return out_of_memory(err_out);
    if (nr_lists > ENTRIES)
        rc = stream_bad(err_out, "the guest lists too much memory");
    else
        rc = pages_copy(p, domid, &top, 1, lists, err_out);
    frames = rc ? NULL : malloc(nr_lists << PAGE_SHIFT);
    if (!rc && !frames)
        rc = out_of_memory(err_out);
    if (!rc)
        rc = pages_copy(p, domid, lists, nr_lists, frames, err_out);
    free(lists);
    p2m->frame_mfn = frames;
    return rc;
}

static int frames_find(struct privcmd *p, domid_t domid, struct guest_p2m *p2m,
                       struct error **err_out)
{
    const struct shared_info *info = p2m->shared_info;
    struct arch_shared_info arch = info->arch;
    uint64_t size = p2m->nr_frames << PAGE_SHIFT;

    if (arch.p2m_cr3 && arch.p2m_vaddr & (PAGE_SIZE - 1))
        return stream_bad(err_out, "the guest's list of its memory lies askew");
    /* Within one half of the address space: no entry of the L4 is left out. */
    if (arch.p2m_cr3 && (arch.p2m_vaddr + size < arch.p2m_vaddr ||
                         arch.p2m_vaddr >> 47 != (arch.p2m_vaddr + size) >> 47))
        return stream_bad(err_out, "the guest's list of its memory lies "
                                   "where nothing can be");
    if (arch.p2m_cr3)
        return tables_walk(p, domid, arch.p2m_cr3, arch.p2m_vaddr, p2m,
                           err_out);
    if (arch.pfn_to_mfn_frame_list_list &&
        arch.pfn_to_mfn_frame_list_list != NO_FRAME)
        return lists_read(p, domid, arch.pfn_to_mfn_frame_list_list, p2m,
                          err_out);
    error_set(err_out, ERROR_STREAM, -EOPNOTSUPP,
              "the guest does not tell how it uses its memory");
    return error_hint(err_out, "its kernel can't be saved, or has not started");
}

/* What the p2m says, sorted by frame, too. Bits on top mark no frames. */
static void frames_sort(struct guest_p2m *p2m)
{
    uint64_t pfn;

    for (pfn = 0; pfn < p2m->nr_pfns; pfn++) {
        uint64_t mfn = p2m->mfn[pfn];

        if (mfn >= p2m->nr_mfns)
            p2m->mfn[pfn] = NO_FRAME;
        else if (!p2m->pfn[mfn])
            p2m->pfn[mfn] = (uint32_t)pfn + 1;
    }
}

uint32_t p2m_pfn(const struct guest_p2m *p2m, uint64_t mfn)
{
    return mfn < p2m->nr_mfns && p2m->pfn[mfn] ? p2m->pfn[mfn] - 1 : NO_PFN;
}

static int p2m_alloc(struct privcmd *p, struct guest_p2m *p2m,
                     struct error **err_out)
{
    struct xen_sysctl_physinfo phys;
    int rc = sysctl_physinfo(p, &phys, err_out);
    void *map;

    if (rc)
        return rc;
    p2m->mfn = malloc(p2m->nr_frames << PAGE_SHIFT);
    map = mmap(NULL, (phys.max_mfn + 1) * sizeof(*p2m->pfn),
               PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED || !p2m->mfn)
        return out_of_memory(err_out);
    p2m->pfn = map;
    p2m->nr_mfns = phys.max_mfn + 1;
    return 0;
}

int p2m_read(struct privcmd *p, domid_t domid, struct guest_p2m *p2m,
             struct error **err_out)
{
    struct xen_domctl_getdomaininfo info;
    int rc;

    *p2m = (struct guest_p2m){0};
    rc = domctl_info(p, domid, &info, err_out);
    if (rc)
        return rc;
    p2m->shared_info_mfn = info.shared_info_frame;
    p2m->shared_info =
        privcmd_map(p, domid, &p2m->shared_info_mfn, 1, false, err_out);
    if (!p2m->shared_info)
        return error_rc(err_out);
    p2m->nr_pfns = ((struct shared_info *)p2m->shared_info)->arch.max_pfn;
    if (p2m->nr_pfns > pfn_limit(info.tot_pages))
        return stream_bad(err_out, "the guest lists too much memory");
    p2m->nr_frames = (p2m->nr_pfns + P2M_ENTRIES - 1) / P2M_ENTRIES;
    if (!p2m->nr_pfns)
        p2m->nr_frames = 1;
    rc = frames_find(p, domid, p2m, err_out);
    if (!rc && !p2m->nr_pfns)
        rc = stream_bad(err_out, "the guest lists no memory");
    if (!rc)
        rc = p2m_alloc(p, p2m, err_out);
    if (!rc)
        rc = pages_copy(p, domid, p2m->frame_mfn, p2m->nr_frames, p2m->mfn,
                        err_out);
    if (!rc)
        frames_sort(p2m);
    return rc;
}

void p2m_free(struct guest_p2m *p2m)
{
    free(p2m->mfn);
    free(p2m->frame_mfn);
    if (p2m->pfn)
        munmap(p2m->pfn, p2m->nr_mfns * sizeof(*p2m->pfn));
    privcmd_unmap(p2m->shared_info, 1);
    *p2m = (struct guest_p2m){0};
}
