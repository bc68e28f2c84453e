/* SPDX-License-Identifier: MIT */
/*
 * Memory of a guest into a stream; see save.h. Pages are written from where
 * they are mapped. Page tables are written from copies in which pfns stand for
 * frames, since the guest will have other frames.
 *
 * Each window of memory is a worker's: it never takes down its mappings one by
 * one.
 */
#include "stream/save.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "public/domctl.h"
#include "public/xen.h"

#include "build/layout.h"
#include "lib/domctl_state.h"
#include "lib/worker.h"
#include "lib/zeros.h"
#include "stream/format.h"

#define WINDOW_PFNS (1ULL << 18) /* 1 GiB; a multiple of a batch */
#define ENTRIES     512u
#define PTE_FRAME   0x000ffffffffff000ULL

/* Slots of an L4 that are the hypervisor's. */
#define XEN_FIRST_SLOT 256u
#define XEN_LAST_SLOT  271u

struct saver {
    struct privcmd *p;
    domid_t domid;
    const struct guest_p2m *p2m;
    struct stream *s;
    uint64_t first; /* pfns of this window */
    uint64_t end;
    uint64_t (*tables)[ENTRIES]; /* room for a batch of page tables */
};

/* Pages of one PAGE_DATA record. */
struct batch {
    size_t nr;
    uint64_t pfn[BATCH_PAGES];
    uint64_t info[BATCH_PAGES]; /* frame, then XEN_DOMCTL_PFINFO_* */
    size_t nr_data;             /* of those with contents: */
    uint64_t data_mfn[BATCH_PAGES];
    unsigned int data_type[BATCH_PAGES];
    struct page_data header;
    uint64_t entry[BATCH_PAGES]; /* follows the header in the stream */
    size_t nr_tables;
    struct iovec piece[2 * BATCH_PAGES + 3];
    size_t nr_pieces;
    size_t hole; /* bytes after the pieces that are zeros */
};

/* One page table with pfns for frames. */
static int table_normalize(const struct guest_p2m *p2m, const uint64_t *from,
                           uint64_t *to, unsigned int level,
                           struct error **err_out)
{
    unsigned int i;

    for (i = 0; i < ENTRIES; i++) {
        uint64_t pte = from[i];
        uint32_t pfn;

        to[i] = pte;
        if (!(pte & 1))
            continue;
        if (level == PAGE_L4 && i >= XEN_FIRST_SLOT && i <= XEN_LAST_SLOT) {
            to[i] = 0;
            continue;
        }
        pfn = p2m_pfn(p2m, (pte & PTE_FRAME) >> PAGE_SHIFT);
        if (pfn == NO_PFN)
            return stream_bad(err_out,
                              "the guest maps frame %#llx, which is not its "
                              "own",
                              (unsigned long long)(pte & PTE_FRAME) >>
                                  PAGE_SHIFT);
        to[i] = (pte & ~PTE_FRAME) | (uint64_t)pfn << PAGE_SHIFT;
    }
    return 0;
}

/* What of a range of pfns there is, with types. */
static int batch_fill(struct saver *w, struct batch *b, uint64_t first,
                      struct error **err_out)
{
    uint64_t pfn, end = first + BATCH_PAGES;
    size_t i, nr = 0;
    int rc;

    if (end > w->end)
        end = w->end;
    b->nr = b->nr_data = b->nr_tables = b->nr_pieces = b->hole = 0;
    for (pfn = first; pfn < end; pfn++)
        if (w->p2m->mfn[pfn] != NO_FRAME) {
            b->pfn[nr] = pfn;
            b->info[nr++] = w->p2m->mfn[pfn];
        }
    if (!nr)
        return 0;
    rc = domctl_frame_types(w->p, w->domid, b->info, nr, err_out);
    for (i = 0; i < nr && !rc; i++) {
        unsigned int type =
            (unsigned int)(b->info[i] >> XEN_DOMCTL_PFINFO_LTAB_SHIFT) & 0xf;

        if (type == PAGE_NONE)
            continue;
        b->entry[b->nr++] = b->pfn[i] | (uint64_t)type << PFN_TYPE_SHIFT;
        if (type == PAGE_BROKEN)
            continue;
        b->data_mfn[b->nr_data] = w->p2m->mfn[b->pfn[i]];
        b->data_type[b->nr_data++] = type;
    }
    return rc;
}

static void piece_add(struct batch *b, void *data, size_t size)
{
    struct iovec *last = b->nr_pieces ? &b->piece[b->nr_pieces - 1] : NULL;

    if (last && (char *)last->iov_base + last->iov_len == data)
        last->iov_len += size;
    else
        b->piece[b->nr_pieces++] = (struct iovec){data, size};
}

/* Write the pieces, and then the hole. */
static int batch_flush(struct saver *w, struct batch *b, struct error **err_out)
{
    int rc = stream_writev(w->s, b->piece, b->nr_pieces, err_out);

    if (!rc && b->hole)
        rc = stream_hole(w->s, b->hole, err_out);
    b->nr_pieces = b->hole = 0;
    return rc;
}

/* One page that is mapped. */
static int page_put(struct saver *w, struct batch *b, char *page,
                    unsigned int type, struct error **err_out)
{
    unsigned int level = type & PAGE_LEVEL_MASK;
    int rc = 0;

    if (!level && w->s->sparse && memory_is_zero(page, PAGE_SIZE)) {
        b->hole += PAGE_SIZE;
        return 0;
    }
    if (b->hole)
        rc = batch_flush(w, b, err_out);
    if (!rc && level) {
        uint64_t *copy = w->tables[b->nr_tables++];

        rc = table_normalize(w->p2m, (const uint64_t *)page, copy, level,
                             err_out);
        page = (char *)copy;
    }
    piece_add(b, page, PAGE_SIZE);
    return rc;
}

/* The record's header, pfns and pages. */
static int batch_put(struct saver *w, struct batch *b, char *pages,
                     struct error **err_out)
{
    struct record_header record = {RECORD_PAGE_DATA,
                                   (uint32_t)(sizeof(b->header) +
                                              b->nr * sizeof(b->entry[0]) +
                                              (b->nr_data << PAGE_SHIFT))};
    size_t i;
    int rc = 0;

    b->header = (struct page_data){.count = (uint32_t)b->nr};
    piece_add(b, &record, sizeof(record));
    piece_add(b, &b->header, sizeof(b->header));
    piece_add(b, b->entry, b->nr * sizeof(b->entry[0]));
    for (i = 0; i < b->nr_data && !rc; i++)
        rc =
            page_put(w, b, pages + (i << PAGE_SHIFT), b->data_type[i], err_out);
    return rc ? rc : batch_flush(w, b, err_out);
}

static int batch_save(struct saver *w, struct batch *b, uint64_t first,
                      struct error **err_out)
{
    char *pages = NULL;
    int rc = batch_fill(w, b, first, err_out);

    if (rc || !b->nr)
        return rc;
    if (b->nr_data) {
        pages = privcmd_map(w->p, w->domid, b->data_mfn, b->nr_data, false,
                            err_out);
        if (!pages)
            return error_rc(err_out);
    }
    return batch_put(w, b, pages, err_out);
}

static int window_save(void *ctx, struct error **err_out)
{
    struct saver *w = ctx;
    struct batch *b = malloc(sizeof(*b));
    uint64_t pfn;
    int rc = 0;

    w->tables = malloc(BATCH_PAGES * sizeof(*w->tables));
    if (!b || !w->tables)
        rc = error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    for (pfn = w->first; pfn < w->end && !rc; pfn += BATCH_PAGES) {
        rc = batch_save(w, b, pfn, err_out);
        progress_tell(&w->s->progress, pfn << PAGE_SHIFT,
                      w->p2m->nr_pfns << PAGE_SHIFT);
    }
    free(w->tables);
    free(b);
    return rc;
}

int save_pages(struct privcmd *p, domid_t domid, const struct guest_p2m *p2m,
               struct stream *s, struct error **err_out)
{
    struct saver w = {.p = p, .domid = domid, .p2m = p2m, .s = s};
    int rc = 0;

    for (; w.end < p2m->nr_pfns && !rc; w.first = w.end) {
        w.end = w.first + WINDOW_PFNS;
        if (w.end > p2m->nr_pfns)
            w.end = p2m->nr_pfns;
        rc = worker_run(window_save, &w, s->cancel, err_out);
    }
    return rc;
}
